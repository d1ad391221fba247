"""Files in stanzas, both ways: a web address as the body, marked as a file (XEP-0066) and described (XEP-0447, 0446).
XEP-0385 of older apps is only read: Converse.js takes its references for mentions, and does not show the file. Pure.

Apps show a file in place only if the body is nothing but its address, so a caption is a message of its own, behind it.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element

from bridge.contract import Media, MediaKind, Message
from bridge.hub.facades import OURS
from bridge.xmpp import sealed, text
from bridge.xmpp.errors import StanzaError

_OOB, _SHARING, _META, _TARGET = (
    "jabber:x:oob",
    "urn:xmpp:sfs:0",
    "urn:xmpp:file:metadata:0",
    "http://jabber.org/protocol/url-data",
)
_REFERENCE, _SIMS, _JINGLE = "urn:xmpp:reference:0", "urn:xmpp:sims:1", "urn:xmpp:jingle:apps:file-transfer:5"
_NAMING = frozenset((f"{{{_OOB}}}x", f"{{{_SHARING}}}file-sharing", f"{{{_REFERENCE}}}reference"))
_THUMBS = "urn:xmpp:thumbs:1"
_HASHES = "urn:xmpp:hashes:2"
_STICKER = "{urn:xmpp:stickers:0}sticker"
_LONGEST_URL = 2_000  # characters
_LONGEST_NAME = 200
_MOST = 50  # files of one message
_INLINE = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.VOICE, MediaKind.STICKER})


def payload(media: Media) -> str:
    """Body and description of a message that is `media`, whose reference is a web address."""
    address = text.escape(media.reference)
    target = text.attribute(media.reference)
    disposition = "inline" if media.kind in _INLINE else "attachment"
    return (
        f'<body>{address}</body><x xmlns="{_OOB}"><url>{address}</url></x>'
        f'<file-sharing xmlns="{_SHARING}" disposition="{disposition}"><file xmlns="{_META}">'
        f"{_described(media)}{_thumbnails(media)}</file>"
        f'<sources><url-data xmlns="{_TARGET}" target="{target}"/></sources></file-sharing>'
        f'<fallback xmlns="urn:xmpp:fallback:0" for="{_SHARING}"><body/></fallback>'
    )


def ours(id: str) -> str:
    """The reference of a file in our own store."""
    return f"{OURS}{id}"


def addressed(message: Message, link: Callable[[str, str], str]) -> Message:
    """`message` with the web addresses of its files; `link` makes one of ours, for the id of a file and its name."""
    if not message.media:
        return message
    return replace(message, media=tuple(replace(one, reference=address(one, link)) for one in message.media))


def address(media: Media, link: Callable[[str, str], str]) -> str:
    """Of a file, whether we keep it, have uploaded it, or were told of it."""
    if media.reference.startswith(OURS):
        return link(media.reference.removeprefix(OURS), media.name)
    return url_of(media)


def url_of(media: Media) -> str:
    """Where a file lies; a reference that we read in a stanza has the message's id before it (see `read`)."""
    return media.reference.rpartition(" ")[2]


def read(stanza: Element, body: str | None, identity: str) -> tuple[tuple[Media, ...], str]:
    """The files that a message names, and what it says besides. What lies at an address can change, so a file is told
    apart by its message, too. Raises `StanzaError` for what cannot be carried."""
    if body is not None and body.startswith(sealed.SCHEME):
        return (_sealed(body, identity),), ""
    if all(child.tag not in _NAMING for child in stanza):
        return (), body or ""
    shared = {**dict(_shared_before(stanza)), **dict(_shared(stanza))}
    urls = [(x.findtext(f"{{{_OOB}}}url") or "").strip() for x in stanza.findall(f"{{{_OOB}}}x")]
    plain = body or ""
    if max(len(shared), len(urls)) > _MOST:
        raise StanzaError("not-acceptable", f"A message can have {_MOST} files at most. Send them in several messages.")
    found = dict(shared)
    for url in urls:
        if not _good(url):
            continue
        if plain.strip() == url or url in shared or url not in plain:
            found.setdefault(url, Media(url, name=_name_in(url), link=url))
    media = tuple(replace(one, reference=_reference(identity, url)) for url, one in found.items())
    said = plain.strip()
    if len(media) == 1 and stanza.find(_STICKER) is not None:  # XEP-0449: the body says it in words
        return (replace(media[0], kind=MediaKind.STICKER, name=name(said) or media[0].name),), ""
    return media, "" if said in found or (shared and _is_fallback(stanza)) else plain


def _sealed(body: str, identity: str) -> Media:
    """XEP-0454: the link stands in the first line; a thumbnail may follow."""
    link = body.partition("\n")[0].strip()
    seal = sealed.read(link)
    if seal is None or not _good(seal.url):
        raise StanzaError("not-acceptable", "This file is encrypted in a way that the gateway does not know.")
    return Media(_reference(identity, link), name=_name_in(seal.url), link=link)


def _reference(identity: str, url: str) -> str:
    return f"{identity.replace(' ', '_')} {url}"


def _described(media: Media) -> str:
    parts = [
        ("media-type", media.mime),
        ("name", name(media.name)),
        ("size", media.size),
        ("width", media.width),
        ("height", media.height),
    ]
    if media.duration is not None:
        parts.append(("length", round(media.duration * 1000)))
    said = "".join(f"<{tag}>{text.escape(str(value))}</{tag}>" for tag, value in parts if value not in (None, ""))
    if media.sha256:
        digest = base64.b64encode(bytes.fromhex(media.sha256)).decode()
        said += f'<hash xmlns="{_HASHES}" algo="sha-256">{digest}</hash>'
    return said


def _thumbnails(media: Media) -> str:
    """XEP-0264 #usecase, with the picture in the address itself, and what apps show that want a blurhash there."""
    found = []
    if media.thumbnail is not None:
        data = base64.b64encode(media.thumbnail.data).decode()
        sides = f'width="{media.thumbnail.width}" height="{media.thumbnail.height}"'
        found.append(f'uri="data:image/jpeg;base64,{data}" media-type="image/jpeg" {sides}')
    if media.blurhash:
        sides = f' width="{media.width}" height="{media.height}"' if media.width and media.height else ""
        address = f"data:image/blurhash,{quote(media.blurhash, safe='')}"
        found.append(f'uri="{text.attribute(address)}" media-type="image/blurhash"{sides}')
    return "".join(f'<thumbnail xmlns="{_THUMBS}" {one}/>' for one in found)


def name(said: str) -> str:
    """A file name that is one: no folders, nothing that turns the text around or cannot be seen."""
    last = said.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if c.isprintable()).strip(". ")
    stem, dot, ending = kept.rpartition(".")
    if len(kept) > _LONGEST_NAME and 0 < len(ending) < 20:
        return f"{stem[: _LONGEST_NAME - len(ending) - 1]}{dot}{ending}"
    return kept[:_LONGEST_NAME]


def _shared(stanza: Element) -> Iterator[tuple[str, Media]]:
    """XEP-0447: the first web address of each file."""
    for sharing in stanza.findall(f"{{{_SHARING}}}file-sharing"):
        targets = [one.get("target", "") for one in sharing.iterfind(f"{{{_SHARING}}}sources/{{{_TARGET}}}url-data")]
        url = next((target for target in targets if _good(target)), None)
        if url is not None:
            yield url, _told(url, sharing.find(f"{{{_META}}}file"))


def _shared_before(stanza: Element) -> Iterator[tuple[str, Media]]:
    """XEP-0385: the first web address of each file."""
    for sharing in stanza.iterfind(f"{{{_REFERENCE}}}reference/{{{_SIMS}}}media-sharing"):
        targets = [one.get("uri", "") for one in sharing.iterfind(f"{{{_SIMS}}}sources/{{{_REFERENCE}}}reference")]
        url = next((target for target in targets if _good(target)), None)
        if url is not None:
            yield url, _told(url, sharing.find(f"{{{_JINGLE}}}file"))


def _told(url: str, file: Element | None) -> Media:
    return _media(url, {} if file is None else {child.tag.rpartition("}")[2]: child for child in file})


def _media(url: str, told: Mapping[str, Element]) -> Media:
    def words(tag: str) -> str:
        return (told[tag].text or "").strip() if tag in told else ""

    def number(tag: str) -> int | None:
        said = words(tag)
        return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None

    length = number("length")
    mime = words("media-type").lower()[:100]
    return Media(
        url,
        name=name(words("name")) or _name_in(url),
        mime=mime or "application/octet-stream",
        size=number("size"),
        width=number("width"),
        height=number("height"),
        duration=None if length is None else length / 1000,
        link=url,
    )


def _is_fallback(stanza: Element) -> bool:
    return any(
        one.get("for") == _SHARING and one.find("{urn:xmpp:fallback:0}body") is not None
        for one in stanza.findall("{urn:xmpp:fallback:0}fallback")
    )


def _good(url: str) -> bool:
    return len(url) <= _LONGEST_URL and url.startswith(("https://", "http://")) and url.isprintable() and " " not in url


def _name_in(url: str) -> str:
    return name(unquote(urlsplit(url).path, errors="replace").rpartition("/")[2])
