"""What apps may send about messages that is wrong, in a direct chat and in a room: each has a clear outcome for its
sender, and nothing else is disturbed.

After each row a message passes each way, and in the end everybody else has what they had.
"""

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.testing.states import Said
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.xmpp_client import bare, body, error_of, receipt_of

CORRECT, RETRACT = "urn:xmpp:message-correct:0", "urn:xmpp:message-retract:1"
REACTIONS, REPLY, FALLBACK = "urn:xmpp:reactions:0", "urn:xmpp:reply:0", "urn:xmpp:fallback:0"


@dataclass(frozen=True)
class Row:
    """`inner` of a message, with {theirs} for what Juliet has said, as the place calls it, and {by} for the place.
    `condition` of the error that comes back; without one, `carried` is what Juliet then reads."""

    name: str
    inner: str
    condition: str = ""
    carried: str = ""


def reactions(target: str, *some: str) -> str:
    return f"<reactions xmlns='{REACTIONS}' id='{target}'>" + "".join(f"<reaction>{e}</reaction>" for e in some)


def reply(target: str, text: str, *ranges: tuple[object, object]) -> str:
    marks = "".join(f"<body start='{start}' end='{end}'/>" for start, end in ranges)
    marked = f"<fallback xmlns='{FALLBACK}' for='{REPLY}'>{marks}</fallback>"
    return f"<body>{text}</body><reply xmlns='{REPLY}' id='{target}'/>{marked}"


FORGED = (
    "<stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='forged'/><occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>"
)
ROWS = [
    Row("a thousand reactions", reactions("{theirs}", *map(str, range(1_000))) + "</reactions>", "not-acceptable"),
    Row("a reaction of a thousand letters", reactions("{theirs}", "👍" * 1_000) + "</reactions>", "not-acceptable"),
    Row("reactions to nothing", reactions("", "👍") + "</reactions>", "bad-request"),
    Row("reactions to what is not known", reactions("never", "👍") + "</reactions>", "item-not-found"),
    Row("an edit of another's", f"<body>b</body><replace xmlns='{CORRECT}' id='{{theirs}}'/>", "forbidden"),
    Row("an edit of what is not known", f"<body>b</body><replace xmlns='{CORRECT}' id='never'/>", "item-not-found"),
    Row("an edit of nothing", f"<body>b</body><replace xmlns='{CORRECT}' id=''/>", "bad-request"),
    Row("an edit to nothing", f"<body></body><replace xmlns='{CORRECT}' id='{{theirs}}'/>", "bad-request"),
    Row("a retraction of another's", f"<retract xmlns='{RETRACT}' id='{{theirs}}'/>", "forbidden"),
    Row("a retraction of what is not known", f"<retract xmlns='{RETRACT}' id='never'/>", "item-not-found"),
    Row("a retraction of nothing", f"<retract xmlns='{RETRACT}'/>", "bad-request"),
    Row(
        "a retraction as version 0 had it, of nothing",
        "<apply-to xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>", "bad-request",
    ),
    Row("a very long target", f"<retract xmlns='{RETRACT}' id='{'i' * 9_000}'/>", "item-not-found"),
    Row("a reply to what is not known", reply("never", "a1"), carried="a1"),
    Row("a quotation beyond the text", reply("{theirs}", "a2", (0, 99)), carried="a2"),
    Row("quotations that overlap", reply("{theirs}", "&gt; q\na3", (0, 3), (1, 4)), carried="a3"),
    Row("a quotation that ends before it begins", reply("{theirs}", "a4", (2, 1)), carried="a4"),
    Row("a quotation that is all", reply("{theirs}", "a5", (0, 2)), carried="a5"),
    Row("a quotation from nowhere", reply("{theirs}", "a6", ("x", "-1")), carried="a6"),
    Row("names that only others give", "<body>a7</body>" + FORGED, carried="a7"),
    Row("quotations a hundred deep", "<body>" + "&gt; " * 100 + "a8</body>", carried="a8"),
    Row("a reference beyond the text", "<body>a9</body><reference xmlns='urn:xmpp:reference:0' type='mention' "
        "begin='0' end='99' uri='xmpp:{by}/Juliet'/>", carried="a9"),
    Row("two spoilers and a word for each", "<body>b1</body><spoiler xmlns='urn:xmpp:spoiler:0'>x</spoiler>" * 2,
        carried="b1"),
]  # fmt: skip


@dataclass
class Place:
    """Where it is sent: `to`, as messages of `kind`; `chat` is what the network calls it."""

    verona: InVerona
    to: str
    kind: str
    chat: str
    theirs: str = ""

    def send(self, id: str, inner: str) -> None:
        inner = inner.replace("{theirs}", self.theirs).replace("{by}", self.to)
        asks = "<request xmlns='urn:xmpp:receipts'/>" if self.kind == "chat" else ""
        self.verona.app.send(f"<message to='{self.to}' type='{self.kind}' id='{id}'>{inner}{asks}</message>")

    async def accepted(self, id: str) -> Element:
        """What tells the app so."""
        return await self.verona.app.expect(
            lambda s: bare(s) == self.to and (receipt_of(s) == id or (s.get("id") == id and self.kind != "chat")),
            what=f"answer to {id}",
        )

    async def comes(self, text: str) -> Element:
        """What Juliet says, on the same stream."""
        await self.verona.play.world.says("juliet", self.chat, text)
        return await self.verona.app.expect(lambda s: bare(s) == self.to and body(s) == text, what=text)

    async def until(self, so: Callable[[list[Said]], bool]) -> list[Said]:
        """What is said there, when it is `so`. Raises TimeoutError."""
        return (await self.verona.play.world.until(self.chat, lambda state: so(state.visible))).visible


async def outcome(place: Place, row: Row, id: str) -> None:
    place.send(id, row.inner)
    if row.condition:
        answer = await place.verona.app.expect(
            lambda s: s.get("id") == id and s.get("type") == "error", what=f"answer to {row.name}"
        )
        condition, text = error_of(answer)
        assert condition == row.condition, (row.name, text)
        assert text.endswith("."), (row.name, text)
    else:
        shown = await place.accepted(id)
        assert error_of(shown) == ("", ""), row.name
        assert "forged" not in [one.get("id") for one in shown.iter()], row.name
        # A room shows it before its network has it.
        await place.until(lambda said: row.carried in said[-1].text)


@ANY_SERVER
async def test_rows(verona: InVerona) -> None:
    play = verona.play
    await verona.enter()
    await play.world.chat(play.chat, "romeo", "juliet", kind="direct")
    for place in (Place(verona, verona.room, "groupchat", verona.chat), Place(verona, play.juliet, "chat", play.chat)):
        first = await place.comes("Ay me!")
        named = first.find(muc.STANZA_ID)
        place.theirs = (named if named is not None else first).get("id", "")
        for number, row in enumerate(ROWS):
            await outcome(place, row, f"{place.kind}-{number}")
            place.send(f"{place.kind}-out-{number}", f"<body>out {number}</body>")
            await place.accepted(f"{place.kind}-out-{number}")
            await place.comes(f"back {number}")

        number = 1 + 2 * len(ROWS) + len([row for row in ROWS if row.carried])
        said = await place.until(lambda said, number=number: len(said) >= number)  # type: ignore[misc]
        heard = next(one for one in said if one.text == "Ay me!")
        assert (heard.edited, heard.reactions) == (0, {})
        assert len(said) == number
    assert "stream down" not in play.gateway.log
    assert "Traceback" not in play.gateway.log
