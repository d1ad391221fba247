"""A real Prosody on free loopback ports with throw-away state."""

import os
import subprocess
from collections.abc import Mapping

from tests.support.certificate import own_certificate
from tests.support.ports import free_port, is_open, wait_until
from tests.support.process import Entered, Folder, Server, run_as

_USER = "prosody"

_CONFIG = """
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
plugin_paths = {{ "{folder}/plugins" }}
certificates = "{folder}/certs"
log = {{ {{ levels = {{ min = "{log_level}" }}, to = "console", timestamps = "%H:%M:%S" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s_port} }}  c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
component_interfaces = {{ "127.0.0.1" }}  component_ports = {{ {component_port} }}
http_interfaces = {{ "127.0.0.1" }}  http_ports = {{ {http_port} }}  https_ports = {{ }}
http_default_host = "localhost"
consider_websocket_secure = true
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
storage = "internal"
archive_expires_after = "never"
modules_disabled = {{ "s2s" }}
modules_enabled = {{
  "roster"; "saslauth"; "disco"; "ping"; "posix"; "carbons"; "pep"; "vcard4"; "vcard_legacy"; {modules}
}}

VirtualHost "localhost"
  {section}

Component "conference.localhost" "muc"
  restrict_room_creation = false
  muc_room_locking = false
  {rooms}
"""

# `rooms`: they stay, and keep what is said.
_ROOMS = """modules_enabled = {{ "muc_mam"; "muc_moderation" }}
  muc_log_by_default = true  muc_log_presences = false  muc_log_expires_after = "never"
  muc_room_default_persistent = true"""

# What `privileges` grants (XEP-0356), as `init` prints it.
_RIGHTS = """["{domain}"] = {{
  roster = "both"; message = "outgoing";
  iq = {{ ["http://jabber.org/protocol/pubsub"] = "both"; ["urn:xmpp:http:upload:0"] = "get" }};
}};"""


class Prosody(Entered):
    """`components` are domains with their secrets; ports stay the same over restarts.

    Without `archives` (XEP-0313) it does not get slower with every message. `tls` offers STARTTLS with a certificate of
    its own, which apps for people insist on; test clients speak plainly. `web` lets browsers in, at `websocket`.
    `uploads` are the bytes of a file that its upload service (XEP-0363) takes at most; without there is none. It is for
    everybody, or only for those of the domain `uploaders`.
    `rooms`: its own rooms stay without anybody in them, and have archives.
    `privileges` gives the components rights over accounts (XEP-0356); `section` stands in the domain's own section.
    """

    domain = "localhost"

    def __init__(
        self,
        components: Mapping[str, str],
        *,
        archives: bool = False,
        tls: bool = False,
        web: bool = False,
        privileges: bool = False,
        section: str = "",
        c2s_port: int | None = None,
        component_port: int | None = None,
        log_level: str = "info",
        stanza_limit: int | None = None,
        uploads: int | None = None,
        uploaders: str = "",
        rooms: bool = False,
    ) -> None:
        self.components = dict(components)
        self.c2s_port = c2s_port or free_port()
        self.component_port = component_port or free_port()
        self.http_port = http_port = free_port()
        self.websocket = f"ws://127.0.0.1:{http_port}/xmpp-websocket"
        http = web or uploads is not None
        self._ports = [self.c2s_port] + [self.component_port] * bool(components) + [http_port] * http
        self._folder = Folder("prosody", _USER)
        self._server = Server(self._folder.path / "log")
        self._config = self._folder.path / "prosody.cfg.lua"
        wanted = {"mam": archives, "tls": tls, "websocket": web, "privilege": privileges}
        modules = "".join(f'"{name}";' for name, is_wanted in wanted.items() if is_wanted)
        rights = "".join(_RIGHTS.format(domain=domain) for domain in self.components)
        section = f"privileged_entities = {{ {rights} }}" if privileges else section
        text = _CONFIG.format(
            folder=self._folder.path, log_level=log_level, c2s_port=self.c2s_port,
            component_port=self.component_port, http_port=http_port if http else "", modules=modules, section=section,
            rooms=_ROOMS.format() if rooms else "",
        )  # fmt: skip
        if stanza_limit is not None:  # bytes of a stanza from a component, above which its stream is closed
            text = f"component_stanza_size_limit = {stanza_limit}\n{text}"
        for domain, secret in self.components.items():
            text += f'\nComponent "{domain}"\n  component_secret = "{secret}"\n'
            text += '  modules_enabled = { "privilege" }\n' if section else ""
        if uploads is not None:
            text += f'\nComponent "upload.{self.domain}" "http_file_share"\n  http_host = "localhost"\n'
            text += f'  http_file_share_access = {{ "{uploaders}" }}\n' if uploaders else ""
            text += f"  http_file_share_size_limit = {uploads}\n  http_file_share_daily_quota = {20 * uploads}\n"
        for name in ("data", "certs", "plugins"):
            (self._folder.path / name).mkdir()
        if tls:
            own_certificate(self._folder.path / "certs")
        self._config.write_text(text)
        self._folder.give()

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def log(self) -> str:
        return self._server.said()

    def start(self) -> None:
        """Returns when it answers on both ports. Raises TimeoutError."""
        # Prosody insists on a home directory that exists.
        environment = {"HOME": str(self._folder.path)}
        self._server.start([*run_as(_USER), "prosody", "-F", "--config", str(self._config)], environment)
        wait_until(self._listens, 30, "Prosody listens")

    def stop(self) -> None:
        """As an operator stops it: streams are closed."""
        self._server.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """Like a power cut."""
        self._server.kill()

    def close(self) -> None:
        """End it and remove everything."""
        self._server.stop()
        self._folder.remove()

    def add_user(self, name: str, password: str) -> str:
        """Make an account, running or not; its bare JID."""
        self._control("register", name, self.domain, password)
        return f"{name}@{self.domain}"

    def remove_user(self, jid: str) -> None:
        """Delete an account."""
        self._control("deluser", jid)

    def _control(self, *arguments: str) -> None:
        subprocess.run(
            [*run_as(_USER), "prosodyctl", "--config", str(self._config), *arguments],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "HOME": str(self._folder.path)},
            cwd=self._folder.path,
        )  # fmt: skip

    def _listens(self) -> bool:
        return all(is_open(port) for port in self._ports)
