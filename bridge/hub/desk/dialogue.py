"""Conversations: a command that asks is one coroutine; its questions become turns, the answers resume it.

The coroutine runs in a task that its conversation holds and ends. It ends by itself, by being cancelled, or when nobody
answers for ten minutes. Its last turn is kept until it has been told.
"""

import asyncio
import logging
import secrets
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.contract import ConnectorError, Form, LoginRefused
from bridge.hub.desk.answers import complete, fault, proposed, unknown_fault
from bridge.hub.desk.ports import Declined
from bridge.hub.desk.words import duration
from bridge.hub.facades import Caller, Turn

log = logging.getLogger(__name__)
_STILL = Form("Please wait", "This takes a while. Go on, or send anything, to see how it went.", ())


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    answer: float = 600.0  # for a person to answer
    turn: float = 15.0  # for the network: then the person is told that it takes a while (clients give up on an IQ)


class Conversation:
    """One run of a command, as its verb sees it (`Talk`) and as the desk does."""

    def __init__(
        self, caller: Caller, verb: str, given: Mapping[str, str], patience: Patience, tell: Callable[[str], None]
    ) -> None:
        """`tell` the person something that is no turn."""
        self.id = secrets.token_urlsafe(16)
        self.caller = caller
        self.verb = verb
        self.ended: Turn | None = None
        self.sealed = False
        self.task: asyncio.Task[None] | None = None
        self.told = False  # its end was told without having been asked for
        self._patience = patience
        self._tell = tell
        self._asked_for = 0  # turns that are waited for
        self._taken_back = False  # the last question, by the verb
        self._given = dict(given)
        self._shown: list[str] = []
        self._question: Form | None = None
        self._answer: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self._slow = False  # the person has been told that it takes a while
        self._news = asyncio.Event()  # a question stands, or it is over

    # What the verb sees

    async def ask(self, form: Form) -> Mapping[str, str]:
        known = {field.name: self._given.pop(field.name) for field in form.fields if field.name in self._given}
        if known and not fault(form, known):
            return complete(form, known)
        if known or self._given:
            wrong = unknown_fault(form, self._given) or (fault(form, known) if known else "")
            self._given.clear()
            form = proposed(replace(form, text=_lines(wrong, form.text)), known)
        return await self._wait(form)

    async def show(self, text: str) -> None:
        self._shown.append(text)

    def seal(self) -> None:
        self.sealed = True

    def given(self, name: str) -> str | None:
        return self._given.pop(name, None)

    def unused(self) -> frozenset[str]:
        return frozenset(self._given)

    # What the desk sees

    def start(self, work: Callable[[], Coroutine[Any, Any, str]]) -> "asyncio.Task[None]":
        self.task = asyncio.create_task(self._run(work), name=f"command {self.verb}")
        return self.task

    async def turn(self) -> Turn:
        """The next question, or the end; or, if that takes too long, a form without fields to look again."""
        self._asked_for += 1
        try:
            async with asyncio.timeout(self._patience.turn):
                await self._news.wait()
        except TimeoutError:
            pass
        finally:
            self._asked_for -= 1
        if self.ended is not None:
            return self.ended
        self._slow = self._question is None
        return self._show(self._question or _STILL)

    async def answer(self, given: Mapping[str, str]) -> Turn:
        """Resume with what was typed; what will not do is asked again."""
        question = self._question
        if question is None or self._answer.done():
            # The same answer sent twice waits for the same turn; an answer to the form without fields has none.
            wrong = unknown_fault(_STILL, given) if self._slow and self.ended is None else ""
            return self._show(_STILL, wrong) if wrong else await self.turn()
        wrong = fault(question, given)
        if wrong:
            return self._show(proposed(question, given), wrong)
        self._question = None
        self._slow = False
        self._news.clear()
        self._shown.clear()
        self._answer.set_result(complete(question, given))
        return await self.turn()

    def cancel(self, text: str, *, failed: bool = False) -> Turn:
        """End it with these last words, unless it is over or sealed."""
        if self.ended is not None:
            return self.ended
        if self.sealed:
            return Turn(
                self.id, f"It is too late to cancel `{self.verb}`. Send `status` to see how it went.", failed=True
            )
        self._end(text, failed=failed)
        if self.task is not None:
            self.task.cancel()
        assert self.ended is not None
        return self.ended

    async def _wait(self, form: Form) -> dict[str, str]:
        self._question, self._taken_back = form, False
        self._answer = asyncio.get_running_loop().create_future()
        self._news.set()
        try:
            async with asyncio.timeout(self._patience.answer):
                return await self._answer
        except TimeoutError:
            pause = duration(self._patience.answer)
            raise Declined(
                f"There was no answer for {pause}, so `{self.verb}` was ended. Send `{self.verb}` to begin again."
            ) from None
        except asyncio.CancelledError:
            self._taken_back = True
            if self.ended is None:
                self._news.clear()
            raise
        finally:
            self._question = None

    async def _run(self, work: Callable[[], Coroutine[Any, Any, str]]) -> None:
        try:
            self._end(await work())
        except (Declined, ConnectorError) as error:
            self._end(error.text, failed=True)
        except LoginRefused as error:
            self._end(str(error), failed=True)
        except asyncio.CancelledError:
            self._end(f"`{self.verb}` was ended.", failed=True)
            raise
        except Exception as error:  # a supervised border: a bug in a connector ends its own dialogue, nothing else
            number = secrets.token_hex(4)
            # The message of the error could hold what a person typed.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("a command broke bug=%s verb=%s error=%s\n%s", number, self.verb, type(error).__name__, where)
            self._end(
                f"Something is wrong in the gateway, and `{self.verb}` had to be ended. "
                f"Please tell its operator this number: {number}.",
                failed=True,
            )

    def _end(self, text: str, *, failed: bool = False) -> None:
        if self.ended is None:
            self.ended = Turn(self.id, _lines(*self._shown, text), failed=failed)
            if self._taken_back and not self._asked_for:
                # Nobody would hear of it: the person was asked something, and need not answer any more.
                self.told = True
                self._tell(self.ended.text)
        self._news.set()

    def _show(self, form: Form, wrong: str = "") -> Turn:
        text = _lines(wrong, *self._shown, form.text)
        return Turn(self.id, text, replace(form, text=text))


def _lines(*texts: str) -> str:
    return "\n".join(text for text in texts if text)
