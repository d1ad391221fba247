"""Commands by form (XEP-0050): the turns of the desk as an app shows them. The node is the verb.

A session is a dialogue of the desk's and belongs to the user, from whichever of their apps, and to the gateway. A step
that will not do comes again with its reason in the form, and as a note of type warn.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.hub.facades import Caller, Desk, Turn
from bridge.xmpp import forms, text
from bridge.xmpp.capabilities import COMMANDS
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question

_ACTIONS = frozenset({"execute", "next", "complete", "prev", "cancel"})
# XEP-0050 #execute-multiple: nobody knows whether more will be asked, so one may only go on.
_GO_ON = '<actions execute="next"><next/></actions>'
_CALLERS = 10_000  # whose sessions are remembered
_SESSIONS = 8  # of one caller; the desk itself keeps fewer open


@dataclass(slots=True)
class _Session:
    node: str
    asked: tuple[str, ...]  # names of the fields of the last form
    over: bool = False


class Commands:
    """The answerer of `command`. Remembers which sessions it began, so that a late step is told from a wrong one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sessions: OrderedDict[Caller, OrderedDict[str, _Session]] = OrderedDict()

    def answerers(self) -> Answerers:
        return {("set", f"{{{COMMANDS}}}command"): self._command}

    async def _command(self, question: Question) -> str:
        payload = question.payload
        if question.whom.contact is not None:
            raise StanzaError("item-not-found", "A person has no commands. Give them to the gateway.")
        node, identity = payload.get("node", ""), payload.get("sessionid", "")
        action = payload.get("action", "execute")
        if action not in _ACTIONS:
            raise _wrong("malformed-action", "There is no such action.")
        caller = Caller(question.user, question.whom.gateway.network)
        if not identity:
            return await self._begin(caller, node, action, question)
        session = self._find(caller, identity, node)
        given = forms.submitted(payload)
        if action == "cancel" or given is None:
            return self._over(caller, node, identity, self._desk.cancel(caller, identity), "canceled")
        if action == "prev":
            raise _wrong("bad-action", "This command cannot go back. Cancel it and begin again.")
        turn = await self._desk.answer(caller, identity, given)
        return self._say(caller, node, turn, session.asked)

    async def _begin(self, caller: Caller, node: str, action: str, question: Question) -> str:
        if action != "execute":
            raise _wrong("bad-action", "A command begins with the action `execute`.")
        given = forms.submitted(question.payload)
        if node not in [verb.name for verb in self._desk.verbs(caller)]:
            refused = await self._desk.begin(caller, node, {})
            raise StanzaError("item-not-found", refused.text)
        return self._say(caller, node, await self._desk.begin(caller, node, given or {}), ())

    def _find(self, caller: Caller, identity: str, node: str) -> _Session:
        session = self._of(caller).get(identity)
        if session is None or session.node != node:
            raise _wrong("bad-sessionid", "There is no such session of this command. Begin again.")
        if session.over:
            over = f'<session-expired xmlns="{COMMANDS}"/>'
            raise StanzaError("not-allowed", "This command is over. Begin again.", over)
        return session

    def _say(self, caller: Caller, node: str, turn: Turn, asked: tuple[str, ...]) -> str:
        if turn.form is None:
            return self._over(caller, node, turn.dialogue, turn, "completed")
        names = tuple(field.name for field in turn.form.fields)
        self._remember(caller, turn.dialogue, _Session(node, names))
        again = bool(asked) and names == asked
        note = _note("warn", turn.form.text.partition("\n")[0]) if again else ""
        return _answer(node, turn.dialogue, "executing", _GO_ON + forms.render(turn.form) + note)

    def _over(self, caller: Caller, node: str, identity: str, turn: Turn, status: str) -> str:
        session = self._of(caller).get(identity)
        if session is not None:
            session.over = True
        if turn.failed:
            status = "completed"  # also for a command that could not be cancelled any more
        return _answer(node, identity, status, _note("error" if turn.failed else "info", turn.text))

    def _of(self, caller: Caller) -> Mapping[str, _Session]:
        return self._sessions.get(caller) or {}

    def _remember(self, caller: Caller, identity: str, session: _Session) -> None:
        mine = self._sessions.setdefault(caller, OrderedDict())
        self._sessions.move_to_end(caller)
        mine[identity] = session
        if len(mine) > _SESSIONS:
            mine.popitem(last=False)
        if len(self._sessions) > _CALLERS:
            self._sessions.popitem(last=False)


def _answer(node: str, identity: str, status: str, content: str) -> str:
    # XEP-0050 #execute-single: a session's id stands in every answer; a command that asked nothing had no session.
    return (
        f'<command xmlns="{COMMANDS}" node="{text.attribute(node)}" '
        f'sessionid="{text.attribute(identity or "none")}" status="{status}">{content}</command>'
    )


def _note(kind: str, words: str) -> str:
    return f'<note type="{kind}">{text.escape(words)}</note>'


def _wrong(condition: str, words: str) -> StanzaError:
    """XEP-0050 #execute-errors."""
    return StanzaError("bad-request", words, f'<{condition} xmlns="{COMMANDS}"/>')
