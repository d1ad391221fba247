"""`landbridge init`: writes a configuration with random secrets and the key file, and says what the servers need."""

import argparse
import os
import secrets
import sys
from pathlib import Path

from bridge.config import load
from bridge.config.shapes import domain
from bridge.store.secrets import Secrets, WrongKey

_CONFIG = """\
# Landbridge. Every option is explained in config.example.yaml; `landbridge check` tells what is wrong.
xmpp:
  server: {server}     # the XMPP server's component port
database: sqlite:///landbridge.db
data: data
http:
  listen: 127.0.0.1:8480
admins: ["admin@{domain}"]
users: ["*@{domain}"]        # who may use the gateway
networks:
  matrix:
    connector: matrix
    jid: {jid}
    secret: "{secret}"
"""
_PASTE = """
For Prosody, add to its configuration and restart it:

Component "{jid}"
    component_secret = "{secret}"

For ejabberd, add below `listen:` and restart it:

  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all
    global_routes: false
    hosts:
      {jid}:
        password: "{secret}"

Optional, so that contacts are in people's contact lists and what they write in other apps shows in their XMPP apps
(README, Privileges). For Prosody, with prosody-modules installed, add to the component above:

    modules_enabled = {{ "privilege" }}

and to the section of {domain}:

    modules_enabled = {{ "privilege" }}
    privileged_entities = {{
        ["{jid}"] = {{
            roster = "both"; message = "outgoing";
            iq = {{ ["http://jabber.org/protocol/pubsub"] = "both"; ["urn:xmpp:http:upload:0"] = "get" }};
        }};
    }}

For ejabberd, add below `acl:`, `access_rules:` and `modules:`:

  landbridge:
    server: {jid}

  landbridge:
    allow: landbridge

  mod_privilege:
    message:
      outgoing: landbridge
    roster:
      both: landbridge

Then: landbridge check -c {path} && landbridge run -c {path}
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("init", parents=[common], help="write a configuration; nothing is overwritten")
    parser.add_argument("--domain", default="example.org", help="your XMPP domain (default: example.org)")
    parser.add_argument("--jid", help="the gateway's own domain (default: matrix.DOMAIN)")
    parser.add_argument("--server", default="127.0.0.1:5347", help="component port (default: 127.0.0.1:5347)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    path: Path = given.config.absolute()
    try:
        home = domain(given.domain)
        jid = domain(given.jid or f"matrix.{home}")
        text = _CONFIG.format(server=given.server, domain=home, jid=jid, secret=(secret := secrets.token_hex(16)))
        _write(path, text)
    except FileExistsError:
        print(f"There is {path} already; nothing was changed.", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        print(f"{path} cannot be written: {why}.", file=sys.stderr)
        return 1
    print(f"Wrote {path}.")
    config = load(path, {})
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = config.data / "key"
        if key.exists():
            Secrets.load(key)
            print(f"Kept the key file {key}.")
        else:
            Secrets.create(key)
            print(f"Wrote {key}. Keep a copy of it: without it the database cannot be read.")
    except (WrongKey, OSError) as error:
        print(str(error), file=sys.stderr)
        return 1
    port = given.server.rpartition(":")[2]
    print(_PASTE.format(jid=jid, secret=secret, port=port, path=given.config, domain=home))
    return 0


def _write(path: Path, text: str) -> None:
    """A new file that only we can read. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
