"""A real ejabberd on free loopback ports with throw-away state, as `tests.support.prosody` has a Prosody."""

import contextlib
import http
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from tests.support.ports import free_port, is_open, wait_until
from tests.support.process import Entered, Folder, Server, run_as

_USER = "ejabberd"

_CONTROL = """
EJABBERD_PID_PATH={folder}/pid
INET_DIST_INTERFACE=127.0.0.1
ERL_DIST_PORT={dist_port}
ERLANG_NODE=throwaway@localhost
ERL_OPTIONS="-env ERL_CRASH_DUMP_BYTES 0"
"""

_MODULES = (
    "adhoc", "blocking", "caps", "carboncopy", "disco", "http_api", "last", "offline", "ping", "privacy", "private",
    "roster", "stream_mgmt", "vcard", "vcard_xupdate", "version",
)  # fmt: skip


class Ejabberd(Entered):
    """`components` are domains with their secrets; ports stay the same over restarts.

    Without `archives` (XEP-0313) it does not get slower with every message. `stanza_limit` are the bytes of a stanza
    from a component, above which its stream is closed. `web` lets browsers in, at `websocket`. `listener` is a
    component listener as it stands in its configuration, instead of ours. `uploads` are the bytes of a file that its
    upload service (XEP-0363) takes at most. `rooms`: its own rooms stay without anybody in them, and have archives.
    `privileges` gives the components rights over accounts (XEP-0356). `more` is added
    to the sections of its configuration.
    """

    domain = "localhost"

    def __init__(
        self,
        components: Mapping[str, str],
        *,
        archives: bool = False,
        web: bool = False,
        privileges: bool = False,
        c2s_port: int | None = None,
        component_port: int | None = None,
        log_level: str = "info",
        stanza_limit: int | None = None,
        listener: Mapping[str, object] | None = None,
        uploads: int | None = None,
        more: Mapping[str, Mapping[str, object]] | None = None,
        rooms: bool = False,
    ) -> None:
        self.components = dict(components)
        self.c2s_port = c2s_port or free_port()
        self.component_port = component_port or free_port()
        self.http_port = free_port()
        self.websocket = f"ws://127.0.0.1:{self.http_port}/xmpp-websocket"
        self._folder = Folder("ejabberd", _USER)
        self._server = Server(self._folder.path / "log")
        for name in ("home", "logs", "spool"):
            (self._folder.path / name).mkdir()
        (self._folder.path / "ejabberdctl.cfg").write_text(
            _CONTROL.format(folder=self._folder.path, dist_port=free_port())
        )
        config = self._config(archives, log_level, listener or self._listener(stanza_limit))
        if rooms:
            config["modules"]["mod_muc"]["default_room_options"] = {"mam": True, "persistent": True}
            config["modules"].setdefault("mod_mam", {"default": "never"})
        if web:
            config["listen"][-1]["request_handlers"]["/xmpp-websocket"] = "ejabberd_http_ws"
        if uploads is not None:
            self._add_uploads(config, uploads)
        for name, section in (more or (self._privileges() if privileges else {})).items():
            config[name].update(section)
        (self._folder.path / "ejabberd.yml").write_text(json.dumps(config))  # which is YAML, too
        self._folder.give()

    @property
    def pid(self) -> int:
        """Of the Erlang machine: what `ejabberdctl` started."""
        return int((self._folder.path / "pid").read_text())

    @property
    def log(self) -> str:
        return self._server.said()

    def start(self) -> None:
        """Returns when it answers on all ports. Raises TimeoutError."""
        at = self._folder.path
        (at / "pid").unlink(missing_ok=True)
        command = [
            *run_as(_USER), "ejabberdctl", "--config-dir", str(at), "--config", str(at / "ejabberd.yml"),
            "--ctl-config", str(at / "ejabberdctl.cfg"), "--logs", str(at / "logs"), "--spool", str(at / "spool"),
            "foreground",
        ]  # fmt: skip
        self._server.start(command, {"HOME": str(at / "home")})  # where Erlang keeps its cookie
        wait_until(self._listens, 180, "ejabberd listens")

    def stop(self) -> None:
        """As an operator stops it: streams are closed."""
        if self._server.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                os.kill(self.pid, signal.SIGTERM)
                self._server.wait(20)
        self._server.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """Like a power cut."""
        self._server.kill()

    def close(self) -> None:
        """End it and remove everything."""
        self._server.kill()
        self._folder.remove()

    def add_user(self, name: str, password: str) -> str:
        """Make an account while it runs; its bare JID."""
        jid = f"{name}@{self.domain}"
        try:
            self._ask("register", user=name, host=self.domain, password=password)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.CONFLICT:
                raise
            # Another play on this server has had somebody of that name.
            self.remove_user(jid)
            self._ask("register", user=name, host=self.domain, password=password)
        return jid

    def remove_user(self, jid: str) -> None:
        """Delete an account."""
        self._ask("unregister", user=jid.partition("@")[0], host=self.domain)

    def _ask(self, command: str, **arguments: str) -> None:
        url = f"http://127.0.0.1:{self.http_port}/api/{command}"
        request = urllib.request.Request(url, json.dumps(arguments).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            answer.read()

    def _listens(self) -> bool:
        return all(is_open(port) for port in (self.c2s_port, self.component_port, self.http_port))

    def _listener(self, stanza_limit: int | None) -> dict[str, object]:
        component: dict[str, object] = {
            "port": self.component_port, "ip": "127.0.0.1", "module": "ejabberd_service",
            # The default, true, gives whoever connects every domain in this list.
            "global_routes": False,
            "hosts": {domain: {"password": secret} for domain, secret in self.components.items()},
        }  # fmt: skip
        if stanza_limit is not None:
            component["max_stanza_size"] = stanza_limit
        return component

    def _add_uploads(self, config: dict[str, Any], largest: int) -> None:
        url = f"http://localhost:{self.http_port}/upload"
        # By default it is for the people of the server only, and not for its components.
        config["modules"]["mod_http_upload"] = {
            "host": f"upload.{self.domain}", "put_url": url, "docroot": str(self._folder.path / "uploads"),
            "max_size": largest, "access": "all",
        }  # fmt: skip
        config["listen"][-1]["request_handlers"]["/upload"] = "mod_http_upload"

    def _privileges(self) -> dict[str, dict[str, object]]:
        """What `init` prints, for all components."""
        return {
            "acl": {"landbridge": {"server": list(self.components)}},
            "access_rules": {"landbridge": {"allow": "landbridge"}},
            "modules": {"mod_privilege": {"roster": {"both": "landbridge"}, "message": {"outgoing": "landbridge"}}},
        }

    def _config(self, archives: bool, log_level: str, component: Mapping[str, object]) -> dict[str, Any]:
        modules: dict[str, object] = {f"mod_{name}": {} for name in _MODULES}
        modules["mod_muc"] = {"host": f"conference.{self.domain}", "access_create": "all"}
        modules["mod_pubsub"] = {"plugins": ["flat", "pep"]}
        if archives:
            modules["mod_mam"] = {"default": "always", "assume_mam_usage": True}
        return {
            "hosts": [self.domain],
            "loglevel": log_level,
            "auth_password_format": "scram",
            "acl": {"loopback": {"ip": ["127.0.0.0/8"]}},
            "access_rules": {},
            "api_permissions": {"tests": {"from": ["mod_http_api"], "who": {"acl": "loopback"}, "what": "*"}},
            "listen": [
                {"port": self.c2s_port, "ip": "127.0.0.1", "module": "ejabberd_c2s", "max_stanza_size": 1048576},
                component,
                {"port": self.http_port, "ip": "127.0.0.1", "module": "ejabberd_http",
                 "request_handlers": {"/api": "mod_http_api"}},
            ],
            "modules": modules,
        }  # fmt: skip
