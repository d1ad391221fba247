"""A real Matrix Synapse on a free loopback port with throw-away state and no rate limits."""

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.certificate import own_certificate
from tests.support.ports import free_port, wait_until
from tests.support.process import Entered, Folder, Server

_ROOT = Path(__file__).parents[2]
_SECRET = "registration"
_MANY = "{per_second: 100000, burst_count: 100000}"

_CONFIG = """
server_name: {server_name}
public_baseurl: http://127.0.0.1:{port}/
pid_file: {folder}/homeserver.pid
report_stats: false
listeners:
  - {{port: {port}, type: http, tls: false, bind_addresses: ['127.0.0.1'], resources: [{{names: [client, media]}}]}}
{federation}database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
log_config: {folder}/log.yaml
media_store_path: {folder}/media
max_upload_size: 200M
signing_key_path: {folder}/signing.key
registration_shared_secret: {secret}
macaroon_secret_key: throwaway
form_secret: throwaway
trusted_key_servers: []
suppress_key_server_warning: true
url_preview_enabled: false
filter_timeline_limit: 1000
bcrypt_rounds: 4
rc_message: {many}
rc_registration: {many}
rc_login: {{address: {many}, account: {many}, failed_attempts: {many}}}
rc_joins: {{local: {many}, remote: {many}}}
rc_joins_per_room: {many}
rc_invites: {{per_room: {many}, per_user: {many}, per_issuer: {many}}}
rc_admin_redaction: {many}
rc_media_create: {many}
rc_presence: {{per_user: {many}}}
rc_room_creation: {many}
rc_reports: {many}
rc_user_directory: {many}
room_list_publication_rules: [{{action: allow}}]
"""
_FEDERATING = """\
  - port: {port}
    type: http
    tls: true
    bind_addresses: ['127.0.0.1']
    resources: [{{names: [client, media, federation]}}]
tls_certificate_path: {folder}/localhost.crt
tls_private_key_path: {folder}/localhost.key
federation_verify_certificates: false
ip_range_blacklist: []
federation_ip_range_blacklist: []
"""
_LOG = """
version: 1
formatters: {f: {format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}
handlers: {console: {class: logging.StreamHandler, formatter: f}}
root: {level: WARNING, handlers: [console]}
disable_existing_loggers: false
"""


def synapse_venv() -> Path:
    """Where Synapse is installed: it shares no dependencies with us, so it has a virtual environment of its own."""
    return Path(os.environ.get("SYNAPSE_VENV") or _ROOT / ".venv-synapse")


class Synapse(Entered):
    """The ports stay the same over restarts. `more` is added to its configuration.

    One that is `federating` talks to others of that kind, by TLS at `secure_url`; then its name is that host and port,
    and whoever asks there has to trust `certificate`.
    """

    def __init__(
        self,
        *,
        server_name: str = "localhost",
        port: int | None = None,
        federating: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = Folder("synapse")
        federation = ""
        if federating:
            secure = free_port()
            server_name = f"localhost:{secure}"
            own_certificate(self._folder.path)
            federation = _FEDERATING.format(port=secure, folder=self._folder.path)
        self.server_name = server_name
        self.secure_url = f"https://{server_name}"
        self.certificate = self._folder.path / "localhost.crt"
        self._server = Server(self._folder.path / "log")
        self._python = str(synapse_venv() / "bin" / "python")
        self._config = self._folder.path / "homeserver.yaml"
        self._config.write_text(
            _CONFIG.format(
                server_name=server_name,
                port=self.port,
                folder=self._folder.path,
                secret=_SECRET,
                many=_MANY,
                federation=federation,
            )
            + (yaml.safe_dump(dict(more)) if more else "")
        )
        (self._folder.path / "log.yaml").write_text(_LOG)

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def log(self) -> str:
        return self._server.said()

    def start(self) -> None:
        """Returns when it answers. Raises TimeoutError."""
        command = [self._python, "-m", "synapse.app.homeserver", "-c", str(self._config)]
        if not (self._folder.path / "signing.key").exists():
            subprocess.run([*command, "--generate-keys"], check=True, stdout=subprocess.DEVNULL)
        self._server.start(command)
        wait_until(self._answers, 120, "Synapse answers")

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()

    def back_up(self) -> Path:
        """Its database as it is now."""
        kept = self._folder.path / "backup.db"
        kept.unlink(missing_ok=True)
        with (
            contextlib.closing(sqlite3.connect(self._database)) as source,
            contextlib.closing(sqlite3.connect(kept)) as target,
        ):
            source.backup(target)
        return kept

    def restore(self, kept: Path) -> None:
        """It begins again with what was backed up."""
        self.stop()
        for end in ("", "-wal", "-shm"):
            self._database.with_name(self._database.name + end).unlink(missing_ok=True)
        shutil.copy(kept, self._database)
        self.start()

    @property
    def _database(self) -> Path:
        return self._folder.path / "homeserver.db"

    def pause(self) -> None:
        """It keeps its connections and answers nothing, until `resume`."""
        os.kill(self._server.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._server.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it and remove everything."""
        self._server.stop(seconds=5)
        self._folder.remove()

    def register(self, name: str, password: str, *, admin: bool = False) -> str:
        """Make an account while it runs; its Matrix user id."""
        path = "/_synapse/admin/v1/register"
        nonce = self.ask("GET", path)["nonce"]
        role = "admin" if admin else "notadmin"
        mac = hmac.new(_SECRET.encode(), "\0".join([nonce, name, password, role]).encode(), hashlib.sha1).hexdigest()
        wish = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
        return str(self.ask("POST", path, wish)["user_id"])

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = "") -> Any:
        """One JSON request, answered. Raises urllib.error.HTTPError."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def _answers(self) -> bool:
        if not self._server.running:
            raise TimeoutError(f"Synapse ended at once: {self.log[-2000:]}")
        with contextlib.suppress(OSError, urllib.error.URLError):
            self.ask("GET", "/_matrix/client/versions")
            return True
        return False
