"""The desk: every command once, for whoever asks (chat, form, command line); who may, how many at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from bridge.hub.desk.answers import size_fault
from bridge.hub.desk.dialogue import Conversation
from bridge.hub.desk.help import HELP
from bridge.hub.desk.office import Office
from bridge.hub.desk.ports import Command, Tools
from bridge.hub.desk.throttle import Throttle
from bridge.hub.desk.verbs import COMMANDS
from bridge.hub.facades import Caller, Turn, Verb

_MOST = 3  # open dialogues of one user
_TIDY = 1_000  # dialogues kept before those that are over, untold, are forgotten
_STOP = 25.0  # seconds for what is being carried out when the gateway stops


class CommandDesk:
    """The `Desk` facade. Holds the tasks of all open dialogues; `close` ends them."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._throttle = Throttle(office.clock, office.limits.commands)
        self._tools = Tools(
            office.database, office.secrets, office.sessions, office.waiting, office.rooms, office.workspaces,
            office.connectors, office.people, office.finder, office.errands, office.home, office.choices,
            office.operator, office.admin, office.announce, office.agreeing, self._throttle, office.clock, self.verbs,
            office.limits,
        )  # fmt: skip
        self._commands = {command.verb.name: command for command in COMMANDS}
        self._open: dict[str, Conversation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def verbs(self, caller: Caller) -> Sequence[Verb]:
        if self._refusal(caller):
            return [HELP.verb, *(command.verb for command in COMMANDS if not self._refusal(caller, command))]
        admin = self._office.admin(caller.user)
        return [command.verb for command in COMMANDS if admin or not command.admin]

    async def begin(self, caller: Caller, verb: str, given: Mapping[str, str]) -> Turn:
        name = verb.strip().lower()
        command = self._commands.get(name)
        if command is not None and command.admin and not self._office.admin(caller.user):
            command = None  # there is no such thing for others
        refusal = self._refusal(caller, command) or self._fault(name, command, given)
        refusal = refusal or self._throttle.command(caller.user, stranger=not self._office.allowed(caller.user))
        if refusal or command is None:
            return Turn("", refusal, failed=True)
        if not self._make_room(caller.user):
            return Turn("", "Please wait until your other commands are done.", failed=True)
        tell = partial(self._office.say, caller.user, caller.network)
        conversation = Conversation(caller, name, given, self._office.patience, tell)
        task = conversation.start(lambda: command.run(self._tools, caller, conversation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open[conversation.id] = conversation
        try:
            return self._told(conversation, await conversation.turn())
        except asyncio.CancelledError:
            conversation.cancel(f"`{name}` was ended.", failed=True)  # nobody knows its id
            self._open.pop(conversation.id, None)
            raise

    async def answer(self, caller: Caller, dialogue: str, given: Mapping[str, str]) -> Turn:
        conversation = self._find(caller, dialogue)
        if conversation is None:
            return _unknown(dialogue)
        command = self._commands[conversation.verb]
        refusal = self._refusal(caller, command)
        if command.admin and not self._office.admin(caller.user):
            refusal = refusal or "You are no admin of this gateway any more."
        if refusal:
            return self._told(conversation, conversation.cancel(refusal, failed=True))
        return self._told(conversation, await conversation.answer(given))

    def cancel(self, caller: Caller, dialogue: str) -> Turn:
        conversation = self._find(caller, dialogue)
        if conversation is None:
            return _unknown(dialogue)
        return self._told(conversation, conversation.cancel(f"`{conversation.verb}` was cancelled."))

    def over(self, caller: Caller, dialogue: str) -> bool:
        conversation = self._find(caller, dialogue)
        return conversation is not None and conversation.told

    async def close(self) -> None:
        """End every dialogue; wait for what is being stored."""
        self._closed = True
        for conversation in self._open.values():
            conversation.cancel("The gateway is being stopped. Try again in a minute.", failed=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP)

    def _make_room(self, user: str) -> bool:
        """A user who begins a fourth dialogue loses the oldest; False if all three are being carried out."""
        if len(self._open) >= _TIDY:
            self._open = {key: conversation for key, conversation in self._open.items() if conversation.ended is None}
        mine = [conversation for conversation in self._open.values() if conversation.caller.user == user]
        mine.sort(key=lambda conversation: conversation.ended is None)  # what is over first, then the oldest
        for conversation in mine:
            if len(mine) < _MOST:
                break
            conversation.cancel(f"`{conversation.verb}` was ended, because you began something else.", failed=True)
            if conversation.ended is not None:
                self._open.pop(conversation.id, None)
                return True
        return len(mine) < _MOST

    def _find(self, caller: Caller, dialogue: str) -> Conversation | None:
        """The dialogue, if it is the caller's own."""
        found = self._open.get(dialogue)
        return found if found is not None and found.caller == caller else None

    def _told(self, conversation: Conversation, turn: Turn) -> Turn:
        """`turn` is going to be said; after the last one the dialogue is forgotten."""
        if turn is conversation.ended:
            self._open.pop(conversation.id, None)
        return turn

    def _refusal(self, caller: Caller, command: Command | None = None) -> str:
        """Why this caller may do nothing here, or not give this command; empty when they may."""
        if caller.network not in self._office.connectors:
            return "There is no gateway here."
        if not (self._office.allowed(caller.user) or (command is not None and command.anybody)):
            return "You may not use this gateway. Its operator can allow it."
        return "The gateway is being stopped. Try again in a minute." if self._closed else ""

    def _fault(self, name: str, command: Command | None, given: Mapping[str, str]) -> str:
        """Why this cannot begin; empty when it can."""
        if command is None:
            return f"There is no command `{name[:40]}`. Send `help` to see what you can do."
        too_large = size_fault(given)
        if too_large:
            return too_large
        if given and not command.fields:
            return f"`{name}` asks for nothing, so nothing can be given to it."
        return ""


def _unknown(dialogue: str) -> Turn:
    return Turn(dialogue[:64], "This dialogue is over, or it never was. Begin again.", failed=True)
