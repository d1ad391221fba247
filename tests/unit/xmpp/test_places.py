"""Places and previews of links in stanzas, and mentions by occupant id."""

from xml.etree.ElementTree import fromstring

import pytest

from bridge.contract import ContactId, Message, NetworkId, Person, Place, Preview, Span, SpanKind, geo
from bridge.xmpp import content, mentions, parse, reading

GEOLOC = "http://jabber.org/protocol/geoloc"
JULIET = Person(NetworkId("far"), ContactId("juliet"))
LINK = "https://example.org/x"


def xml(inner: str, body: str | None = None) -> Message:
    words = "" if body is None else f"<body>{body}</body>"
    stanza = fromstring(f"<message xmlns='jabber:client'>{words}{inner}</message>")
    people = {"Juliet": JULIET, mentions.occupant("j7"): JULIET, "juliet@far.example": JULIET}
    return reading.message(stanza, {child.tag: child for child in stanza}, body or "", lambda: people)


def written(message: Message, **more: content.Called) -> Message:
    stanza = fromstring(f"<message xmlns='jabber:client'>{content.written(message, **more)}</message>")
    return reading.message(stanza, {c.tag: c for c in stanza}, parse.body(stanza) or "", dict)


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("geo:51.5,-0.12", Place(51.5, -0.12)), ("geo:48.2010,16.3695,183;u=35", Place(48.201, 16.3695, 35.0)),
        ("geo:0,0;crs=wgs84;u=1.5", Place(0.0, 0.0, 1.5)), ("geo:0,0;crs=moon-2011", None), ("geo:91,0", None),
        ("geo:0,181", None), ("geo:1", None), ("geo:a,b", None), ("see geo:1,2", None), ("geo:nan,inf", None),
        ("geo:1,2;" + "x" * 10_000, None), ("", None),
    ],
)  # fmt: skip
def test_geo_uris(uri: str, place: Place | None) -> None:
    assert geo.read(uri) == place
    if place is not None:
        assert geo.read(geo.uri(place)) == place


def test_a_place_has_a_body_for_everybody() -> None:
    place = Place(51.5008, -0.1247, 20.0)
    made = content.written(Message(f"Big Ben {geo.uri(place)}", place=place))

    assert "<body>Big Ben geo:51.5008,-0.1247;u=20</body>" in made
    assert f'<geoloc xmlns="{GEOLOC}"><accuracy>20</accuracy><description>Big Ben</description>' in made
    assert "<lat>51.5008</lat><lon>-0.1247</lon></geoloc>" in made


@pytest.mark.parametrize(
    ("inner", "body", "text", "place"),
    [
        (f"<geoloc xmlns='{GEOLOC}'><lat>1.5</lat><lon>2</lon></geoloc>", "here", "here geo:1.5,2", Place(1.5, 2.0)),
        (f"<geoloc xmlns='{GEOLOC}'><lat>1.5</lat><lon>2</lon></geoloc>", None, "geo:1.5,2", Place(1.5, 2.0)),
        ("", "geo:1.5,2;u=3", "geo:1.5,2;u=3", Place(1.5, 2.0, 3.0)),
        (f"<geoloc xmlns='{GEOLOC}'><lat>north</lat><lon>2</lon></geoloc>", "here", "here", None),
        (f"<geoloc xmlns='{GEOLOC}'><lat>1e99</lat><lon>2</lon></geoloc>", "here", "here", None),
        (f"<geoloc xmlns='{GEOLOC}'><text>somewhere</text></geoloc>", "here", "here", None),
        ("", "meet me at geo:1,2", "meet me at geo:1,2", None),
    ],
)
def test_places_from_apps(inner: str, body: str | None, text: str, place: Place | None) -> None:
    said = xml(inner, body)

    assert (said.text, said.place) == (text, place)


def test_previews_there_and_back() -> None:
    said = Message(f"look: {LINK}", previews=(Preview(LINK, "A <title>", "Words & words", "Example"),))

    assert written(said) == said


def test_previews_of_what_is_not_there_are_nothing() -> None:
    head = "<d:Description xmlns:d='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:o='https://ogp.me/ns#' d:about="
    for about in ("'https://evil.example'", "'javascript:alert(1)'", "''"):
        assert xml(f"{head}{about}><o:title>T</o:title></d:Description>", f"{LINK} javascript:alert(1)").previews == ()
    many = "".join(f"{head}'{LINK}'><o:title>{'T' * 9_000}</o:title></d:Description>" for _ in range(100))
    assert [len(one.title) for one in xml(many, LINK).previews] == [300]


def test_previews_never_make_a_stanza_too_long() -> None:
    previews = tuple(Preview(f"{LINK}{n}", "t" * 300, "d" * 1_000) for n in range(5))
    message = Message(" ".join(one.url for one in previews), previews=previews)
    parts = content.split(message, 2_000)

    assert [len(content.written(part).encode()) <= 2_000 for part in parts] == [True]
    assert parts[0].text == message.text


def test_occupants_are_mentioned_by_their_id() -> None:
    def called(person: Person) -> content.Name:
        return content.Name("room@far.example/Juliet", "Juliet", "j7")

    said = Message("Juliet: hark", (Span(0, 6, SpanKind.MENTION, JULIET.id, JULIET.network),))
    made = content.written(said, called=called)

    assert '<mention xmlns="urn:xmpp:mentions:0" begin="0" end="6" occupantid="j7"/>' in made


@pytest.mark.parametrize(
    ("mention", "meant"),
    [
        ("begin='3' end='6' occupantid='j7'", True), ("begin='3' end='6' jid='juliet@far.example'", True),
        ("begin='3' end='6' occupantid='Juliet'", False), ("begin='3' end='600' occupantid='j7'", False),
        ("begin='3' end='6' occupantid='j7' mentions='urn:xmpp:mentions:0#channel'", False), ("occupantid='j7'", False),
    ],
)  # fmt: skip
def test_whom_an_app_mentions(mention: str, meant: bool) -> None:
    said = xml(f"<mention xmlns='urn:xmpp:mentions:0' {mention}/>", "hi you")

    assert said.spans == ((Span(3, 6, SpanKind.MENTION, JULIET.id, JULIET.network),) if meant else ())


def test_who_is_not_to_be_disturbed_is_not() -> None:
    inner = "<mention xmlns='urn:xmpp:mentions:0' begin='3' end='6' occupantid='j7'><noping/></mention>"

    assert xml(inner, "hi you").spans == ()
