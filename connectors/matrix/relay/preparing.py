"""Making the appservice's registration, for `landbridge init`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bridge.contract import Prepared, Refused, Unavailable
from connectors.matrix import ids
from connectors.matrix.discovery import Configured
from connectors.matrix.relay import registration

FILE = "appservice.yaml"
_PASTE = """
For Synapse, add to homeserver.yaml and restart it. It must be able to read the file: give it the group of the user that
Synapse runs as, and chmod 640.

app_service_config_files:
  - {path}
"""


def prepared(network: str, given: Mapping[str, str], networks: Sequence[str], address: str, folder: Path) -> Prepared:
    """See `Connector.prepare`. `given` are `homeserver`, its address, and `name`, what its users' ids end with."""
    name, base = given["name"].lower(), given["homeserver"]
    if not ids.valid_user(f"@a:{name}"):
        raise Refused(f"{name!r} is no homeserver's name: it is what users' ids end with, as example.org.")
    try:
        Configured.read(base)
    except Unavailable as error:
        text = (
            f"{base!r} is no homeserver's address: it looks like http://127.0.0.1:8008 or https://matrix.example.org."
        )
        raise Refused(text) from error
    text = registration.written(registration.new(network, networks, name, address))
    return Prepared({FILE: text}, {"homeserver": base, "appservice": FILE}, _PASTE.format(path=folder / FILE))
