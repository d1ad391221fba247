"""Queries of a room's archive (XEP-0313): what they ask, and what is wrong with them."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ChatId, ContactId, Message, MessageId, Rank, Send
from bridge.hub.facades import Room, RoomOccupant
from bridge.hub.lines import Line, Removal
from bridge.xmpp.chats import Addresses
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import mam
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.questions import Questions
from tests.support.asking import NETWORK
from tests.unit.xmpp.known import DOMAIN, GATEWAY, ROMEO, AvatarsByHeart, RoomsByHeart, own_link

VERONA = ChatId(f"#verona@{DOMAIN}")
APP = f"{ROMEO}/app"
TYPE = "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>"
RESULT, FORWARDED, CLIENT = "{urn:xmpp:mam:2}result", "{urn:xmpp:forward:0}forwarded", "{jabber:client}"
RSM = "{http://jabber.org/protocol/rsm}"


def form(fields: str = "", kind: str = TYPE) -> str:
    return f"<x xmlns='jabber:x:data' type='submit'>{kind}{fields}</x>"


def field(name: str, *values: str) -> str:
    return f"<field var='{name}'>{''.join(f'<value>{value}</value>' for value in values)}</field>"


def page(inner: str) -> str:
    return f"<set xmlns='http://jabber.org/protocol/rsm'>{inner}</set>"


def query(inner: str = "", attributes: str = "") -> Element:
    return fromstring(f"<query xmlns='urn:xmpp:mam:2' {attributes}>{inner}</query>")


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", mam.Asked(100, False)),
        (page("<max>7</max><before/>"), mam.Asked(7, True)),
        (page("<max>1000000000</max><after>k.2</after>"), mam.Asked(200, False, after="k.2")),
        (page("<max>0</max>"), mam.Asked(0, False)),
        (page("<before>k</before>"), mam.Asked(100, True, before="k")),
        (form(field("start", "1970-01-01T00:01:00Z")), mam.Asked(100, False, start=60.0)),
        (form(field("end", "1970-01-01T01:01:00.5+01:00")), mam.Asked(100, False, end=60.5)),
        (form(field("with", "a@b")), mam.Asked(100, False, person="a@b")),
        (form(field("after-id", "a") + field("before-id", "b")), mam.Asked(100, False, above="a", below="b")),
        (form(field("ids", "a", "b")), mam.Asked(100, False, ids=("a", "b"))),
        (form(field("start") + field("with", "")), mam.Asked(100, False)),
        ("<flip-page/>", mam.Asked(100, False, flipped=True)),
    ],
)
def test_a_query_is_read(inner: str, expected: mam.Asked) -> None:
    assert mam.read(query(inner)) == expected


@pytest.mark.parametrize(
    ("inner", "condition"),
    [
        (page("<max>many</max>"), "bad-request"),
        (page("<max>-1</max>"), "bad-request"),
        (page(f"<max>{'9' * 400}</max>"), "bad-request"),
        (page("<after>a</after><before>b</before>"), "bad-request"),
        (page("<index>3</index>"), "feature-not-implemented"),
        (page("<after>" + "a" * 201 + "</after>"), "item-not-found"),
        (page("") + page(""), "bad-request"),
        (form(field("start", "yesterday")), "bad-request"),
        (form(field("start", "2026-01-01T00:00:00")), "bad-request"),
        (form(field("end", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")), "bad-request"),
        (form(field("start", "2026-01-01T00:00:00Z") * 2), "bad-request"),
        (form(field("{urn:x}text", "words")), "feature-not-implemented"),
        (form(field("include-groupchat", "true")), "feature-not-implemented"),
        (form(field("with", "a b\x7f")), "bad-request"),
        (form(field("with", "a" * 4_000)), "bad-request"),
        (form(field("ids", *["a"] * 201)), "bad-request"),
        (form("".join(field(f"f{n}") for n in range(30))), "bad-request"),
        (form(kind=""), "bad-request"),
        (form(kind=TYPE.replace("mam:2", "mam:1")), "bad-request"),
        ("<x xmlns='jabber:x:data' type='result'/>", "bad-request"),
        (form() + form(), "bad-request"),
    ],
)
def test_what_is_wrong_is_said(inner: str, condition: str) -> None:
    with pytest.raises(StanzaError) as refused:
        mam.read(query(inner))

    assert refused.value.condition == condition


def test_a_node_is_another_archive() -> None:
    with pytest.raises(StanzaError) as refused:
        mam.read(query(attributes="node='urn:other'"))

    assert refused.value.condition == "item-not-found"


class Asking:
    """Romeo asks; what is written to him is kept."""

    def __init__(self, limit: int = 65_536) -> None:
        people = [RoomOccupant(ContactId("romeo"), "Romeo"), RoomOccupant(ContactId("anna"), "Anna", Rank.ADMIN)]
        room = {VERONA: Room(VERONA, NETWORK, "Verona", "")}
        self.rooms = RoomsByHeart(room, {VERONA: {ROMEO: ContactId("romeo")}}, {VERONA: people})
        self.sent: list[str] = []
        house = House(
            Addresses([GATEWAY]), self.rooms, lambda network, stanza: self.sent.append(stanza), own_link,
            AvatarsByHeart(),
        )  # fmt: skip
        self._questions = Questions(house, self.rooms, self.rooms, limit)

    def says(self, *texts: str) -> None:
        for text in texts:
            number = len(self.rooms.lines.setdefault(VERONA, []))
            said = Send(chat=VERONA, key=f"k{number}", message=Message(text))
            self.rooms.lines[VERONA].append(Line(ContactId("anna"), "Anna", said, float(number)))

    async def ask(self, payload: Element, sender: str = APP, nick: str = "") -> Element:
        where = Addresses([GATEWAY]).where(f"{VERONA}/{nick}" if nick else VERONA)
        assert where is not None
        kind = "get" if payload.tag == mam.METADATA or (not len(payload) and "form" in payload.attrib) else "set"
        payload.attrib.pop("form", None)
        return fromstring(await self._questions.answer(kind, payload, sender, where))

    @property
    def results(self) -> list[Element]:
        return [one for stanza in self.sent for one in fromstring(f"<all>{stanza}</all>")]


def found(fin: Element) -> tuple[str | None, str | None, str | None]:
    return fin.findtext(f"{RSM}set/{RSM}first"), fin.findtext(f"{RSM}set/{RSM}last"), fin.get("complete")


async def test_results_are_what_was_said_and_who_said_it() -> None:
    asking = Asking()
    asking.says("hello & goodbye")

    fin = await asking.ask(query(attributes="queryid='q&amp;1'"))

    [message] = asking.results
    assert (message.get("from"), message.get("to")) == (VERONA, APP)
    result = message.find(RESULT)
    assert result is not None
    assert result.attrib == {"queryid": "q&1", "id": "k0"}
    [delay, inner] = result.find(FORWARDED) or []
    assert delay.get("stamp") == "1970-01-01T00:00:00.000Z"
    assert (inner.tag, inner.get("from"), inner.get("to"), inner.get("type")) == (
        f"{CLIENT}message", f"{VERONA}/Anna", None, "groupchat"
    )  # fmt: skip
    assert inner.findtext(f"{CLIENT}body") == "hello & goodbye"
    assert inner.find("{urn:xmpp:sid:0}stanza-id").attrib == {"id": "k0", "by": VERONA}  # type: ignore[union-attr]
    item = inner.find("{http://jabber.org/protocol/muc#user}x/{http://jabber.org/protocol/muc#user}item")
    assert item is not None
    assert item.attrib == {"affiliation": "admin", "role": "moderator", "jid": f"anna@{DOMAIN}"}
    assert inner.find("{urn:xmpp:delay}delay") is None
    assert found(fin) == ("k0", "k0", "true")


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_long_message_is_several_results_between_which_a_page_may_end(backwards: bool) -> None:
    asking = Asking(limit=4_000)
    asking.says("short", "long " * 1_500, "end")
    pages: list[list[str]] = []
    step = "<before/>" if backwards else ""
    while True:
        fin = await asking.ask(query(page(f"<max>2</max>{step}")))
        first, last, complete = found(fin)
        pages.append([one.find(RESULT).get("id", "") for one in asking.results])  # type: ignore[union-attr]
        assert (first, last) == (pages[-1][0], pages[-1][-1])
        asking.sent.clear()
        if complete:
            break
        step = f"<before>{first}</before>" if backwards else f"<after>{last}</after>"

    whole = ["k0", "k1", "k1.1", "k1.2", "k2"]
    if backwards:
        assert pages == [whole[3:], whole[1:3], whole[:1]]
    else:
        assert pages == [whole[:2], whole[2:4], whole[4:]]


async def test_a_message_that_was_taken_back_is_a_tombstone() -> None:
    asking = Asking()
    said = Send(chat=VERONA, key="k", own_id=MessageId("mine"), message=Message())
    gone = Removal("gone", 61.0, True, ContactId("anna"), "Anna", "rude <words>")
    asking.rooms.lines[VERONA] = [Line(ContactId("romeo"), "Romeo", said, 1.0, gone)]

    await asking.ask(query())

    inner = asking.results[0].find(f"{RESULT}/{FORWARDED}/{CLIENT}message")
    assert inner is not None
    assert (inner.get("id"), inner.get("from")) == ("mine", f"{VERONA}/Romeo")
    assert inner.find(f"{CLIENT}body") is None
    left = inner.find("{urn:xmpp:message-retract:1}retracted")
    assert left is not None
    assert left.attrib == {"id": "gone", "stamp": "1970-01-01T00:01:01.000Z"}
    assert left.find("{urn:xmpp:message-moderate:1}moderated").get("by") == f"{VERONA}/Anna"  # type: ignore[union-attr]
    assert left.findtext("{urn:xmpp:message-retract:1}reason") == "rude <words>"


async def test_nothing_is_counted_but_for_whoever_asks_for_nothing_else() -> None:
    asking = Asking()
    asking.says("one", "two")

    fin = await asking.ask(query(page("<max>0</max>")))

    assert (fin.findtext(f"{RSM}set/{RSM}count"), fin.get("complete"), asking.sent) == ("2", None, [])


async def test_the_first_and_the_last_are_told() -> None:
    asking = Asking()
    assert len(await asking.ask(fromstring("<metadata xmlns='urn:xmpp:mam:2'/>"))) == 0
    asking.says("one", "two")

    answer = await asking.ask(fromstring("<metadata xmlns='urn:xmpp:mam:2'/>"))

    assert [(e.tag.rpartition("}")[2], e.get("id"), e.get("timestamp")) for e in answer] == [
        ("start", "k0", "1970-01-01T00:00:00.000Z"), ("end", "k1", "1970-01-01T00:00:01.000Z")
    ]  # fmt: skip


async def test_the_form_names_every_field() -> None:
    answer = await Asking().ask(query(attributes="form='yes'"))

    fields = {one.get("var") for one in answer.iter("{jabber:x:data}field")}
    assert fields == {"FORM_TYPE", "with", "start", "end", "before-id", "after-id", "ids"}


@pytest.mark.parametrize(
    ("who", "contact"),
    [
        (f"anna@{DOMAIN}", "anna"),
        (f"{VERONA}/Anna", "anna"),
        (ROMEO, "romeo"),
        (APP, "romeo"),
        (VERONA, None),
        (f"{VERONA}/Nobody", ""),
        ("juliet@example.org", ""),
        ("nonsense", ""),
    ],
)
async def test_with_whom(who: str, contact: str | None) -> None:
    asking = Asking()
    asking.says("one")

    fin = await asking.ask(query(form(field("with", who))))

    if contact == "":
        assert (asking.rooms.queries, asking.sent, fin.get("complete")) == ([], [], "true")
    else:
        assert asking.rooms.queries[-1].author == contact


async def test_flipped_pages_and_one_who_is_not_there() -> None:
    asking = Asking()
    asking.says("one", "two")

    fin = await asking.ask(query("<flip-page/>"))

    ids = [one.find(RESULT).get("id") for one in asking.results]  # type: ignore[union-attr]
    assert (ids, found(fin)) == (["k1", "k0"], ("k0", "k1", "true"))
    for sender, nick in (("eve@example.org/x", ""), (APP, "Anna")):
        with pytest.raises(StanzaError) as refused:
            await asking.ask(query(), sender, nick)
        assert refused.value.condition in ("item-not-found", "not-acceptable")
