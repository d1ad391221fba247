"""`landbridge init`: writes a configuration with random secrets and the key file, and says what the servers need."""

import argparse
import secrets
import sys
from pathlib import Path

from bridge.cli.preparing import Wish, beside, lines, new_file, prepared, unwritten, write
from bridge.config import load
from bridge.config.shapes import domain
from bridge.contract import Refused
from bridge.store.secrets import Secrets, WrongKey

_LISTEN = "127.0.0.1:8480"
_CONFIG = """\
# Landbridge. Every option is explained in config.example.yaml; `landbridge check` tells what is wrong.
xmpp:
  server: {server}     # the XMPP server's component port
database: sqlite:///landbridge.db
data: data
http:
  listen: {listen}
admins: ["admin@{domain}"]
users: ["*@{domain}"]        # who may use the gateway
networks:
  matrix:
    connector: matrix
    jid: {jid}
    secret: "{secret}"
{more}"""
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

{paste}
Then: landbridge check -c {path} && landbridge run -c {path}
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("init", parents=[common], help="write a configuration; nothing is overwritten")
    parser.add_argument("--domain", default="example.org", help="your XMPP domain (default: example.org)")
    parser.add_argument("--jid", help="the gateway's own domain (default: matrix.DOMAIN)")
    parser.add_argument("--server", default="127.0.0.1:5347", help="component port (default: 127.0.0.1:5347)")
    parser.add_argument(
        "--homeserver", metavar="URL", help="your Matrix homeserver's address: writes its appservice.yaml, too"
    )
    parser.add_argument("--matrix-name", help="what its users' ids end with (default: DOMAIN)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    path: Path = given.config.absolute()
    wish = Wish(given.homeserver, given.matrix_name or given.domain) if given.homeserver else None
    if wish is not None and path.exists():
        return _beside(path, wish)
    made = None
    try:
        home = domain(given.domain)
        jid = domain(given.jid or f"matrix.{home}")
        if wish is not None:
            made = prepared(wish, "matrix", (), f"http://{_LISTEN}", path.parent)
            unwritten(made, path.parent)
        secret, more = secrets.token_hex(16), "" if made is None else lines(made)
        new_file(
            path, _CONFIG.format(listen=_LISTEN, server=given.server, domain=home, jid=jid, secret=secret, more=more)
        )
        files = [] if made is None else write(made, path.parent)
    except FileExistsError as error:
        print(f"There is {error.filename} already; it was not changed.", file=sys.stderr)
        return 1
    except Refused as refusal:
        print(refusal.text, file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        print(f"{path} cannot be written: {why}.", file=sys.stderr)
        return 1
    for file in (path, *files):
        print(f"Wrote {file}.")
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
    print(
        _PASTE.format(
            jid=jid,
            secret=secret,
            port=port,
            path=given.config,
            domain=home,
            paste=made.paste if made is not None else "",
        )
    )
    return 0


def _beside(path: Path, wish: Wish) -> int:
    """The configuration is there: only what the homeserver needs."""
    try:
        print(beside(path, wish))
    except FileExistsError as error:
        print(f"There is {error.filename} already; it was not changed.", file=sys.stderr)
        return 1
    except Refused as refusal:
        print(refusal.text, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or path} cannot be read or written: {error.strerror}.", file=sys.stderr)
        return 1
    return 0
