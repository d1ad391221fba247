"""What `landbridge init` does for a network besides its section of the configuration: files, and what to paste."""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.config import load
from bridge.contract import NetworkId, Prepared, Refused
from bridge.registry import find

_ALWAYS = ("xmpp", "telegram")  # whose people may be on other networks, also if they come later


@dataclass(frozen=True, slots=True)
class Wish:
    """What is given on the command line."""

    homeserver: str
    name: str  # the homeserver's


def prepared(wish: Wish, network: str, others: Sequence[str], address: str, folder: Path) -> Prepared:
    """Raises `Refused` for what makes no sense."""
    connector = find("matrix", NetworkId(network))
    assert connector is not None
    networks = [one for one in dict.fromkeys((*_ALWAYS, *others)) if one != network]
    given = {"homeserver": wish.homeserver, "name": wish.name}
    made = connector.prepare(given, networks, address, folder)
    assert made is not None
    return made


def lines(made: Prepared, indent: str = "    ") -> str:
    """For the network's section of the configuration."""
    return "".join(f"{indent}{name}: {value}\n" for name, value in made.options.items())


def write(made: Prepared, folder: Path) -> list[Path]:
    """New files that only we can read. Raises FileExistsError, OSError."""
    written = []
    for name, text in made.files.items():
        path = folder / name
        new_file(path, text)
        written.append(path)
    return written


def unwritten(made: Prepared, folder: Path) -> None:
    """Nothing is there that `write` would write. Raises FileExistsError."""
    for name in made.files:
        if (path := folder / name).exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def new_file(path: Path, text: str) -> None:
    """One that only we can read. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def beside(config: Path, wish: Wish) -> str:
    """For a configuration that there is: writes the files; what the operator has to do now, as text. Raises `Refused`,
    `ConfigError`, FileExistsError, OSError."""
    known = load(config)
    wanted = [name for name, one in known.networks.items() if one.connector == "matrix"]
    if not wanted:
        raise Refused("No network of this configuration is Matrix's, so there is nothing to do for a homeserver.")
    network, folder = wanted[0], config.parent
    made = prepared(wish, network, list(known.networks), f"http://{known.http.listen}", folder)
    paths = "\n".join(f"Wrote {path}." for path in write(made, folder))
    return f"{paths}\n\nAdd to networks.{network} in {config}:\n\n{lines(made)}{made.paste}"
