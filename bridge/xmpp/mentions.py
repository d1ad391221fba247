"""Who is meant: mentions (XEP-0513) of people and references (XEP-0372) to them, and their names at the beginning of a
text or after an @. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element

from bridge.contract import ContactId, NetworkId, Person, Span, SpanKind
from bridge.xmpp import text

REFERENCE, MENTIONS = "urn:xmpp:reference:0", "urn:xmpp:mentions:0"
ELEMENTS = (f"{{{REFERENCE}}}reference", f"{{{MENTIONS}}}mention")
People = Callable[[], Mapping[str, Person]]
"""Who may be meant, by what an app may call them: their nick or `occupant` in a room, or their JID."""
_MOST = 50  # in one message
_LONGEST = 100  # characters of a nick that is looked for
_AT = re.compile(r"(?:^|(?<=[\s(\[{\"']))@(?=\S)")
_AFTER = re.compile(r"[:,](?:\s|$)")


def read(
    references: Sequence[Element], words: str, people: People, place: Callable[[int], int | None]
) -> tuple[Span, ...]:
    """Mentions in `words`, in order. `place` tells where a place of the body is in them; None: it is not."""
    if not references and "@" not in words and _AFTER.search(words, 0, _LONGEST) is None:
        return ()
    known = people()
    found = _referred(references[:_MOST], known, place)
    for start, end, person in _named(words, known):
        if all(end <= span.start or start >= span.end for span in found):
            found.append(_mention(start, end, person))
    return tuple(sorted(found, key=lambda span: span.start))[:_MOST]


def _referred(
    references: Sequence[Element], people: Mapping[str, Person], place: Callable[[int], int | None]
) -> list[Span]:
    found: list[Span] = []
    for one in references:
        begin, end = one.get("begin", ""), one.get("end", "")
        if not all(number.isdecimal() and len(number) < 10 for number in (begin, end)):
            continue
        person = _explicit(one, people) if one.tag == ELEMENTS[1] else _referenced(one, people)
        start, last = place(int(begin)), place(int(end) - 1)
        if person is None or start is None or last is None or start > last:
            continue
        if all(last < span.start or start >= span.end for span in found):
            found.append(_mention(start, last + 1, person))
    return found


def _explicit(mention: Element, people: Mapping[str, Person]) -> Person | None:
    """XEP-0513 #individual; of groups nobody else can be told, and who is not to be disturbed is not (#noping)."""
    if "mentions" in mention.keys() or any(child.tag == f"{{{MENTIONS}}}noping" for child in mention):  # noqa: SIM118
        return None
    by_id = people.get(occupant(mention.get("occupantid", "")))
    return by_id or people.get(_meant(mention.get("jid", "")))


def _referenced(reference: Element, people: Mapping[str, Person]) -> Person | None:
    """XEP-0372 #mentions."""
    return people.get(_meant(reference.get("uri", ""))) if reference.get("type") == "mention" else None


def occupant(id: str) -> str:
    """What nobody can be called but the occupant with this id (XEP-0421)."""
    return f"\0{id}"


def _meant(uri: str) -> str:
    """The nick in the address of an occupant, or the bare JID of a person."""
    bare, _, resource = unquote(uri.removeprefix("xmpp:").partition("?")[0]).partition("/")
    return resource or bare


def _named(words: str, people: Mapping[str, Person]) -> Iterator[tuple[int, int, Person]]:
    """`nick: …` and `nick, …` at the beginning, `@nick` anywhere: whole words only, the longest nick that fits."""
    for after in list(_AFTER.finditer(words, 0, _LONGEST))[::-1]:
        person = people.get(words[: after.start()])
        if person is not None:
            yield 0, after.start(), person
            break
    for at in list(_AT.finditer(words))[:_MOST]:
        start = at.end()
        for end in range(min(len(words), start + _LONGEST), start, -1):
            if _ends(words, end) and (person := people.get(words[start:end])) is not None:
                yield at.start(), end, person
                break


def _ends(words: str, place: int) -> bool:
    """Whether no word goes on there."""
    return place >= len(words) or not (words[place].isalnum() or words[place] in "_-")


def _mention(start: int, end: int, person: Person) -> Span:
    return Span(start, end, SpanKind.MENTION, person.id, person.network)


def person_of(span: Span) -> Person | None:
    """Whom a mention means; None if it is none."""
    return Person(NetworkId(span.network), ContactId(span.value)) if span.kind is SpanKind.MENTION else None


def write(begin: int, end: int, jid: str, occupant: str = "") -> str:
    """XEP-0372 #mention, and for an occupant XEP-0513 #individual. `begin` and `end` are code points of the body."""
    uri = text.attribute(f"xmpp:{quote(jid, safe='@/')}")
    reference = f'<reference xmlns="{REFERENCE}" type="mention" begin="{begin}" end="{end}" uri="{uri}"/>'
    if not occupant:
        return reference
    id = text.attribute(occupant)
    return f'{reference}<mention xmlns="{MENTIONS}" begin="{begin}" end="{end}" occupantid="{id}"/>'
