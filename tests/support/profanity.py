"""profanity, an XMPP app for terminals, as Debian has it."""

from pathlib import Path

from tests.support.terminal import Terminal

_ACCOUNT = """[{jid}]
enabled=true
jid={jid}
password={password}
server=127.0.0.1
port={port}
tls.policy=disable
resource=profanity
"""
_SETTINGS = """[ui]
splash=false
tips=false
[notifications]
message=false
room=off
[logging]
chlog=false
grlog=false
[connection]
reconnect=0
"""


def profanity(folder: Path, jid: str, password: str, port: int) -> Terminal:
    """It logs in when it begins. `folder` is its own; `port` of a server that is spoken to plainly."""
    for name, text in (
        ("data/profanity/accounts", _ACCOUNT.format(jid=jid, password=password, port=port)),
        ("config/profanity/profrc", _SETTINGS),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    places = {"HOME": folder, "XDG_DATA_HOME": folder / "data", "XDG_CONFIG_HOME": folder / "config"}
    return Terminal(["profanity", "-a", jid], {name: str(place) for name, place in places.items()})
