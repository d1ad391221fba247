"""Commands by chat: one types a verb to the gateway and is asked for what is needed, one field after the other.

A verb may be followed by fields (`logout account=@x:y`), some by the one thing they need (`join #room:x`). While
something is asked every line is its answer, except `cancel`, and the verb itself to begin again. The dispatcher hands
us the lines of one user one after the other.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.contract import Field, Form
from bridge.hub.facades import Caller, Desk, Turn

_CALLERS = 10_000  # who may be asked something at the same time
_PATIENCE = 600.0  # seconds, after which a line is no answer any more
_KEEP = "-"
_CANCEL = "Send `cancel` to stop."


@dataclass(slots=True)
class _Asked:
    """A form that is being asked."""

    verb: str
    dialogue: str
    form: Form
    at: float
    given: dict[str, str] = field(default_factory=dict)

    @property
    def field(self) -> Field | None:
        """What is asked now; None for a form without fields, where any line does."""
        return self.form.fields[len(self.given)] if self.form.fields else None


class ChatCommands:
    """Remembers what each caller is being asked."""

    def __init__(self, desk: Desk, now: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._now = now
        self._asked: OrderedDict[Caller, _Asked] = OrderedDict()

    async def said(self, caller: Caller, line: str) -> str:
        """What a person typed → the reply, as whole sentences."""
        asked = self._asked.pop(caller, None)
        if asked is None or self._desk.over(caller, asked.dialogue):
            return await self._command(caller, line)
        if line.strip().lower() == "cancel":
            return self._desk.cancel(caller, asked.dialogue).text
        if self._now() - asked.at > _PATIENCE:
            self._desk.cancel(caller, asked.dialogue)
            return (
                f"`{asked.verb}` was ended, because there was no answer for a while. "
                f"Send `{asked.verb}` to begin again."
            )
        if line.strip().lower() == asked.verb and not (asked.field is not None and asked.field.secret):
            self._desk.cancel(caller, asked.dialogue)
            return await self._command(caller, line)
        return await self._answer(caller, asked, line)

    async def _command(self, caller: Caller, line: str) -> str:
        verb, _, rest = line.strip().partition(" ")
        verb = verb.lower()
        if not verb:
            return "Send `help` to see what you can do."
        if verb == "cancel":
            return "There is nothing to cancel. Send `help` to see what you can do."
        given, known = _given(rest), next((one for one in self._desk.verbs(caller) if one.name == verb), None)
        named = given is not None and known is not None and set(given) <= {*known.fields, *known.named}
        if known is not None and known.fields and rest.strip() and not named:
            words = rest.split(None, len(known.fields) - 1)
            given = dict(zip(known.fields, (word.strip() for word in words), strict=False))
        if given is None and known is not None:
            return f"Send `{verb}` alone: you will be asked for what is needed."
        return self._say(caller, verb, await self._desk.begin(caller, verb, given or {}))

    async def _answer(self, caller: Caller, asked: _Asked, line: str) -> str:
        wanted = asked.field
        if wanted is not None:
            asked.given[wanted.name] = _value(wanted, line)
            if len(asked.given) < len(asked.form.fields):
                asked.at = self._now()
                self._wait(caller, asked)
                return _prompt(asked)
        turn = await self._desk.answer(caller, asked.dialogue, asked.given)
        return self._say(caller, asked.verb, turn)

    def _say(self, caller: Caller, verb: str, turn: Turn) -> str:
        if turn.form is None:
            return turn.text
        asked = _Asked(verb, turn.dialogue, turn.form, self._now())
        self._wait(caller, asked)
        lines = [turn.text, _prompt(asked), _CANCEL] if asked.field is not None else [turn.text, _CANCEL]
        return "\n".join(line for line in lines if line)

    def _wait(self, caller: Caller, asked: _Asked) -> None:
        self._asked[caller] = asked
        if len(self._asked) > _CALLERS:
            self._asked.popitem(last=False)


def _given(rest: str) -> dict[str, str] | None:
    """`name=value` words; None if there are others."""
    given = {}
    for word in rest.split():
        name, equals, value = word.partition("=")
        if not name or not equals:
            return None
        given[name] = value
    return given


def _value(wanted: Field, line: str) -> str:
    """The answer to a field: `-` is what was proposed, or nothing; of options also the label will do."""
    typed = line.strip()
    if typed == _KEEP and (wanted.value or not wanted.required):
        return wanted.value
    for option, label in wanted.options:
        if typed.casefold() in (option.casefold(), label.casefold()):
            return option
    return line if wanted.secret else typed


def _prompt(asked: _Asked) -> str:
    """The question for one field."""
    wanted = asked.field
    if wanted is None:
        return ""
    parts = [f"{wanted.label}?"]
    if wanted.options:
        parts.append(f"Send {_choices(wanted.options)}.")
    if wanted.secret:
        parts.append("Remove your message with it from this chat afterwards.")
    if wanted.value and not wanted.secret:
        parts.append(f"Send `{_KEEP}` for `{wanted.value}`.")
    elif not wanted.required:
        parts.append(f"Send `{_KEEP}` for none.")
    return " ".join(parts)


def _choices(options: tuple[tuple[str, str], ...]) -> str:
    said = [f"`{option}`" if option == label else f"`{option}` ({label})" for option, label in options]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"
