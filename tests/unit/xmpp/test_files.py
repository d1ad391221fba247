"""Files in stanzas: what apps send is understood, and what we send apps show."""

from xml.etree.ElementTree import fromstring

import pytest

from bridge.contract import Media, MediaKind, Message
from bridge.xmpp import files
from bridge.xmpp.errors import StanzaError

URL = "https://upload.example/a/b%20c.jpg"
OOB = "<x xmlns='jabber:x:oob'><url>{}</url></x>"
SHARING = (
    "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'><file xmlns='urn:xmpp:file:metadata:0'>"
    "<media-type>image/jpeg</media-type><name>{name}</name><size>{size}</size><width>640</width><height>-1</height>"
    "<length>1500</length></file><sources><url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/>"
    "</sources></file-sharing>"
)
FALLBACK = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback>"


def read(inner: str, body: str | None) -> tuple[tuple[Media, ...], str]:
    return files.read(fromstring(f"<message xmlns='jabber:client'>{inner}</message>"), body, "m 1")


def test_a_body_that_is_its_address_is_a_file() -> None:
    [media], text = read(OOB.format(URL), URL)

    assert (files.url_of(media), media.link, media.name, text) == (URL, URL, "b c.jpg", "")
    assert media.reference == f"m_1 {URL}", "the same address in another message may be another file"


def test_a_described_file_says_more_and_its_fallback_is_not_said() -> None:
    inner = SHARING.format(name="c.jpg", size=1234, url=URL)
    for body, more in ((URL, OOB.format(URL)), ("see https://elsewhere.example", FALLBACK), (None, "")):
        [media], text = read(inner + more, body)
        assert text == ""
        assert (media.name, media.mime, media.size, media.width, media.height, media.duration) == (
            "c.jpg", "image/jpeg", 1234, 640, None, 1.5,
        )  # fmt: skip


def test_older_apps_describe_a_file_otherwise() -> None:
    """XEP-0385. It is only read: Converse.js takes the references that it consists of for mentions."""
    sims = (
        "<reference xmlns='urn:xmpp:reference:0' type='data' begin='3' end='9'><media-sharing xmlns='urn:xmpp:sims:1'>"
        "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><media-type>image/jpeg</media-type><name>c.jpg</name>"
        f"<size>12</size></file><sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='{URL}'/></sources>"
        "</media-sharing></reference>"
    )

    [media], text = read(sims, "at the summit")

    assert (files.url_of(media), media.mime, media.name, media.size, text) == (
        URL, "image/jpeg", "c.jpg", 12, "at the summit",
    )  # fmt: skip
    assert "urn:xmpp:reference:0" not in files.payload(Media(URL, "c.jpg", "image/jpeg", 12, MediaKind.IMAGE))


def test_a_text_beside_a_file_is_its_caption_and_an_address_in_a_text_is_a_text() -> None:
    assert read(OOB.format(URL), "at dawn")[1] == "at dawn"
    assert len(read(OOB.format(URL), "at dawn")[0]) == 1
    assert read(OOB.format(URL), f"look at {URL} please") == ((), f"look at {URL} please")
    assert read("", URL) == ((), URL)


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "file:///etc/passwd", "ftp://example.org/a", "https://a b/", "https://a/" + "x" * 3_000,
     "https://a/\u202e", "data:text/html,x"],
)  # fmt: skip
def test_what_is_no_web_address_is_a_text(url: str) -> None:
    media, text = read(OOB.format(url) + SHARING.format(name="a", size="x", url=url), url or "hello")

    assert media == ()
    assert text == (url or "hello")


@pytest.mark.parametrize("vector", [24, 32])
def test_an_encrypted_file_is_a_file(vector: int) -> None:
    link = "aesgcm://upload.example/a/b.jpg#" + "0f" * (vector // 2) + "a1" * 32

    [media], text = read("", f"{link}\ndata:image/jpeg;base64,AAAA")

    assert (files.url_of(media), media.name, media.link, text) == (link, "b.jpg", link, "")


@pytest.mark.parametrize("rest", ["upload.example/a", "upload.example/a#12", "#" + "0" * 88, "a b/#" + "0" * 88])
def test_one_that_we_cannot_open_is_refused_with_a_sentence(rest: str) -> None:
    with pytest.raises(StanzaError, match="encrypted in a way") as refused:
        read("", f"aesgcm://{rest}")

    assert refused.value.condition == "not-acceptable"


def test_a_sticker_is_one_and_its_words_are_its_name() -> None:
    sticker = "<sticker xmlns='urn:xmpp:stickers:0' pack='EpRv28DHHzFrE4zd+xaNpVb4'/>"
    [media], text = read(SHARING.format(name="rose.png", size=5, url=URL) + sticker, "🌹")

    assert (media.kind, media.name, text) == (MediaKind.STICKER, "🌹", "")


def test_several_files_are_read_in_order_and_too_many_are_refused() -> None:
    some = [SHARING.format(name=n, size=n, url=f"https://a/{n}") for n in range(51)]
    more = "".join(OOB.format(f"https://b/{n}") for n in range(1_000))

    assert [one.name for one in read("".join(some[:50]), None)[0]] == [str(n) for n in range(50)]
    for too_many in ("".join(some), more):
        with pytest.raises(StanzaError, match="50 files at most"):
            read(too_many, None)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.png", "a.png"),
        ("a\x00\r\nb\u202e.png", "ab.png"),
        ("...", ""),
        (" . ", ""),
        ("x" * 500 + ".png", "x" * 196 + ".png"),
        ("x" * 500, "x" * 200),
        ("fun🎉.gif", "fun🎉.gif"),
    ],
)
def test_a_name_is_only_a_name(said: str, name: str) -> None:
    assert files.name(said) == name


def test_what_we_send_is_shown_by_every_app() -> None:
    media = Media(
        "https://a/?b=1&c=2", 'x".png', "image/png", 5, MediaKind.IMAGE, 640, 480, 1.5, sha256="00ff" * 16
    )  # fmt: skip

    stanza = fromstring(f"<message>{files.payload(media)}</message>")

    assert stanza.findtext("body") == media.reference == stanza.findtext("{jabber:x:oob}x/{jabber:x:oob}url")
    meta = "{urn:xmpp:sfs:0}file-sharing/{urn:xmpp:file:metadata:0}file/"
    told = {
        name: stanza.findtext(f"{meta}{{urn:xmpp:file:metadata:0}}{name}")
        for name in ("name", "media-type", "size", "width", "height", "length")
    }
    assert told == {
        "name": 'x".png', "media-type": "image/png", "size": "5", "width": "640", "height": "480", "length": "1500",
    }  # fmt: skip
    assert stanza.findtext(f"{meta}{{urn:xmpp:hashes:2}}hash") == "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8="
    [back], text = files.read(stanza, media.reference, "1")
    assert (back.name, back.mime, back.size, text) == (media.name, media.mime, media.size, "")


def test_what_we_keep_gets_its_link_when_it_is_shown() -> None:
    message = Message("x", media=(Media("landbridge:00ff", "a.png"), Media("m1 https://a/b"), Media("https://c/d")))

    shown = files.addressed(message, lambda id, name: f"https://us/{id}/{name}")

    assert [one.reference for one in shown.media] == ["https://us/00ff/a.png", "https://a/b", "https://c/d"]
