"""IQs that we ask of accounts (RFC 6120 #stanzas-semantics-iq), and those asked by privilege (XEP-0356 #iq)."""

import asyncio
import secrets
from collections.abc import Callable
from xml.etree.ElementTree import Element

from bridge.contract import Unavailable
from bridge.xmpp import errors, text
from bridge.xmpp.errors import StanzaError

_SECONDS = 30.0  # for an answer
_PRIVILEGE = "urn:xmpp:privilege:2"  # the only version that has this
_FORWARDED = f"{{{_PRIVILEGE}}}privilege/{{urn:xmpp:forward:0}}forwarded"


class Requests:
    """Of one gateway. `send` writes a stanza and tells whether there is a stream."""

    def __init__(self, domain: str, send: Callable[[str], bool], seconds: float = _SECONDS) -> None:
        self._domain = domain
        self._send = send
        self._seconds = seconds
        self._waiting: dict[tuple[str, str], asyncio.Future[Element]] = {}  # by whom is asked, and id

    async def ask(self, kind: str, to: str, payload: str, *, sender: str = "") -> Element:
        """The result. `sender` is who of our domain asks; else it is the gateway. Raises `StanzaError` when the answer
        is an error, and `Unavailable` when none comes."""
        identity = f"ask-{secrets.token_hex(8)}"
        future: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[to, identity] = future
        asker = text.attribute(sender or self._domain)
        head = f'<iq type="{kind}" id="{identity}" from="{asker}" to="{text.attribute(to)}">'
        try:
            if not self._send(f"{head}{payload}</iq>"):
                raise Unavailable("The connection to the XMPP server is not up.")
            async with asyncio.timeout(self._seconds):
                answer = await future
        except TimeoutError:
            raise Unavailable("The XMPP server does not answer.") from None
        finally:
            del self._waiting[to, identity]
        return _result(answer)

    async def ask_as(self, kind: str, user: str, payload: str, to: str = "") -> Element:
        """What `user` themselves would get from their account, or from `to`: the result. Raises what `ask` does."""
        whom = f' to="{text.attribute(to)}"' if to else ""
        sender = f'id="{secrets.token_hex(8)}" from="{text.attribute(user)}"{whom}'
        head = f'<iq xmlns="jabber:client" type="{kind}" {sender}>'
        wrapped = f'<privileged_iq xmlns="{_PRIVILEGE}">{head}{payload}</iq></privileged_iq>'
        answer = await self.ask(kind, user, wrapped)
        forwarded = answer.find(_FORWARDED)
        if forwarded is None or not len(forwarded):
            raise StanzaError("undefined-condition", "The answer holds no answer.")
        return _result(forwarded[0])

    def answered(self, stanza: Element) -> None:
        """An answer has come, perhaps to one of these."""
        future = self._waiting.get((stanza.get("from", ""), stanza.get("id", "")))
        if future is not None and not future.done():
            future.set_result(stanza)

    def broken(self) -> None:
        """The connection is over."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Unavailable("The connection to the XMPP server broke."))


def _result(answer: Element) -> Element:
    if answer.get("type") != "result":
        raise StanzaError(errors.condition(answer) or "undefined-condition", errors.read(answer)[1])
    return answer
