"""Files of all kinds each way, in a direct chat and in a room, through the upload service of each XMPP server; also
several in one message, with their caption, in order. What an app can show as nothing else is words.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

import msgspec
import pytest

from bridge.contract import ChatId, Contact, ContactId, Media, MediaKind, Message, MessageId, MessageReceived
from bridge.testing import files as memory
from bridge.testing.wire import Report
from tests.scenarios.conftest import Play, staged
from tests.support import files, muc
from tests.support.files import META, OOB, SFS
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import bare, body, error_of
from tests.support.xmpp_servers import XmppServer

VERONA = f"#verona@{MEMORY}"
PICTURE = files.png(64, 48)
VCARD = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Juliet\r\nEND:VCARD\r\n"


@dataclass(frozen=True)
class Row:
    """A file as Juliet's app names it, and how apps are to show it."""

    name: str
    kind: MediaKind
    mime: str
    data: bytes
    disposition: str


ROWS = [
    Row("dawn.png", MediaKind.IMAGE, "image/png", PICTURE, "inline"),
    Row("nurse.mp4", MediaKind.VIDEO, "video/mp4", b"\0\0\0\x18ftypmp42" + files.noise(9_000), "inline"),
    Row("lark.ogg", MediaKind.AUDIO, "audio/ogg", b"OggS" + files.noise(3_000), "inline"),
    Row("sigh.ogg", MediaKind.VOICE, "audio/ogg", b"OggS" + files.noise(2_000, "sigh"), "inline"),
    Row("rose.webp", MediaKind.STICKER, "image/png", files.png(32, 32, seed=3), "inline"),
    Row("letter.pdf", MediaKind.FILE, "application/pdf", b"%PDF-1.7" + files.noise(5_000), "attachment"),
    Row("juliet.vcf", MediaKind.FILE, "text/vcard", VCARD, "attachment"),
]


@pytest.fixture
async def play(server: XmppServer, tmp_path: Path) -> AsyncIterator[Play]:
    """Where files go is named, for it is on a private address."""
    settings = {"allow_private": [f"localhost:{server.http_port}"]}
    async with staged(server, tmp_path, settings=settings) as made:
        yield made


async def shows(play: Play, chat: str, id: str, *rows: Row, caption: str = "") -> None:
    """Juliet sends files."""
    media = [
        Media(await memory.have(play.world, r.name, r.data, r.mime), r.name, r.mime, len(r.data), r.kind) for r in rows
    ]
    event = MessageReceived(
        chat=ChatId(chat), id=MessageId(id), sender=Contact(ContactId("juliet"), "Juliet"), at=1_700_000_000.0,
        message=Message(caption, media=tuple(media)),
    )  # fmt: skip
    await play.world.do(Report("MessageReceived", msgspec.Raw(msgspec.json.encode(event))))  # type: ignore[arg-type]


async def next_file(play: Play, sender: str) -> Element:
    """The next one that Juliet has sent."""

    def fits(stanza: Element) -> bool:
        return bare(stanza) == sender and stanza.find(f"{OOB}x") is not None and muc.nick(stanza) != "Romeo"

    return await play.app.expect(fits, 40, "file")


async def uploaded(play: Play, row: Row) -> str:
    return await files.xmpp_upload(play.app, f"upload.{play.server.domain}", row.data, row.mime, row.name)


def described(url: str, name: str) -> str:
    """XEP-0447."""
    target = f"<url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/>"
    file = f"<file xmlns='{META[1:-1]}'><name>{name}</name></file>"
    return f"<file-sharing xmlns='{SFS[1:-1]}'>{file}<sources>{target}</sources></file-sharing>"


def send(play: Play, to: str, kind: str, id: str, inner: str) -> None:
    play.app.send(f"<message to='{to}' type='{kind}' id='{id}'>{inner}</message>")


async def said_in(play: Play, chat: str, number: int) -> list[tuple[str, list[bytes]]]:
    """Romeo's last messages there, once there are so many: their text and what their files hold."""
    state = await play.world.until(
        chat, lambda seen: len([one for one in seen.visible if one.author == "romeo"]) >= number, 40
    )
    mine = [one for one in state.visible if one.author == "romeo"]
    return [(one.text, [await memory.content(play.world, ref) for ref in one.media]) for one in mine]


async def test_files_of_all_kinds_each_way(play: Play) -> None:
    """In a direct chat each kind; in a room some; several in one message in both."""
    await play.world.chat("verona", "juliet", "nurse", "romeo", name="Verona", alias="#verona")
    await play.met()
    await muc.listed(play.app, MEMORY, VERONA)
    await muc.enter(play.app, VERONA, "Romeo")
    for to, kind, chat, rows in (
        (play.juliet, "chat", play.chat, ROWS), (VERONA, "groupchat", "verona", ROWS[:1] + ROWS[5:6]),
    ):  # fmt: skip
        for number, row in enumerate(rows):
            await shows(play, chat, f"{kind}-{number}", row)
            came = await next_file(play, to)
            url = body(came)
            sharing = came.find(f"{SFS}file-sharing")
            assert sharing is not None
            assert came.findtext(f"{OOB}x/{OOB}url") == url
            assert f":{play.server.http_port}/" in url, "it is at the server's upload service"
            assert (await files.get(url)).body == row.data
            assert sharing.get("disposition") == row.disposition
            told = [sharing.findtext(f"{META}file/{META}{what}") for what in ("name", "size")]
            assert told == [row.name, str(len(row.data))]
            address = await uploaded(play, row)
            send(play, to, kind, f"f{number}", f"<body>{address}</body>{files.share(address)}")
            assert (await said_in(play, chat, number + 1))[-1] == ("", [row.data])

        # An album: in order, and what is said of it behind it.
        await shows(play, chat, f"{kind}-album", ROWS[0], ROWS[5], caption="The balcony, and a letter")
        album = [(await files.get(body(await next_file(play, to)))).body for _ in range(2)]
        await play.app.expect(lambda s, to=to: bare(s) == to and body(s) == "The balcony, and a letter")  # type: ignore[misc]
        assert album == [ROWS[0].data, ROWS[5].data]
        urls = [await uploaded(play, row) for row in (ROWS[5], ROWS[0])]
        both = "".join(described(url, f"{n}.bin") for n, url in enumerate(urls))
        send(play, to, kind, "album", f"<body>A letter, and dawn</body>{both}")
        said = (await said_in(play, chat, len(rows) + 3))[len(rows) :]
        assert [data for _, datas in said for data in datas] == [ROWS[5].data, ROWS[0].data]
        assert [text for text, _ in said if text] == ["A letter, and dawn"]

    # A place is one on either side, and what is to disappear is refused where it would not.
    send(play, play.juliet, "chat", "place", "<body>geo:45.4384,10.9917</body>")
    assert (await said_in(play, play.chat, len(ROWS) + 4))[-1][0] == "geo:45.4384,10.9917"
    for to, kind in ((play.juliet, "chat"), (VERONA, "groupchat")):
        send(play, to, kind, "gone", "<body>Burn this</body><ephemeral xmlns='urn:xmpp:ephemeral:0' timer='60'/>")
        refused = await play.app.expect(lambda s: s.get("id") == "gone" and s.get("type") == "error")
        condition, why = error_of(refused)
        assert (condition, why.partition(", ")[2]) == (
            "not-acceptable", "so one that is to disappear is not sent. Switch that off in this chat.",
        )  # fmt: skip
    for chat in ("verona", play.chat):
        assert "Burn this" not in (await play.world.state(chat)).texts
    assert "Traceback" not in play.gateway.log
