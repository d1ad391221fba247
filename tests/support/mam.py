"""Archives as an XMPP app asks them (XEP-0313)."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tests.support.xmpp_client import CLIENT, XmppClient, bare, body, error_of

MAM, RSM = "urn:xmpp:mam:2", "http://jabber.org/protocol/rsm"
RESULT, MESSAGE = f"{{{MAM}}}result", f"{{urn:xmpp:forward:0}}forwarded/{CLIENT}message"
TYPE = f"<field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field>"


@dataclass
class Page:
    """`found` are (id, forwarded message), as they came."""

    found: list[tuple[str, Element]]
    first: str
    last: str
    complete: bool
    error: str

    @property
    def texts(self) -> list[str]:
        return [body(one) for _, one in self.found]

    @property
    def ids(self) -> list[str]:
        return [id for id, _ in self.found]


async def ask(app: XmppClient, room: str, rsm: str = "", fields: str = "", more: str = "") -> Page:
    """One query; everything that came before its answer."""
    begin = len(app.received)
    form = f"<x xmlns='jabber:x:data' type='submit'>{TYPE}{fields}</x>" if fields else ""
    answer = await app.iq(
        room, "set", f"<query xmlns='{MAM}' queryid='q'>{form}<set xmlns='{RSM}'>{rsm}</set>{more}</query>"
    )
    found = []
    for stanza in app.received[begin:]:
        result = stanza.find(RESULT)
        if result is not None and bare(stanza) == room:
            assert (result.get("queryid"), stanza.get("from")) == ("q", room)
            message = result.find(MESSAGE)
            assert message is not None
            found.append((result.get("id", ""), message))
    fin = answer.find(f"{{{MAM}}}fin")
    ends = [answer.findtext(f".//{{{RSM}}}{end}", "") for end in ("first", "last")]
    return Page(found, *ends, fin is not None and fin.get("complete") == "true", error_of(answer)[0])


def value(name: str, *values: str) -> str:
    return f"<field var='{name}'>{''.join(f'<value>{one}</value>' for one in values)}</field>"


async def backwards(app: XmppClient, room: str, most: int = 50) -> list[tuple[str, Element]]:
    """All of it, from the end to the beginning, page by page; oldest first."""
    found: list[tuple[str, Element]] = []
    step = "<before/>"
    for _ in range(100):
        page = await ask(app, room, f"<max>{most}</max>{step}")
        assert not page.error, page.error
        found = [*page.found, *found]
        if page.complete:
            return found
        assert page.found, "a page with nothing in it that is not the last"
        step = f"<before>{page.first}</before>"
    raise AssertionError("there is no end of pages")
