"""Which rooms are direct chats, and with whom: the account data `m.direct`.

Source: client-server API #direct-messaging, #mdirect.
"""

from collections.abc import Iterator, Sequence

from bridge.contract import ContactId
from connectors.matrix import errors, fields, ids
from connectors.matrix.api import Api, path

KIND = "m.direct"
_MOST = 20_000  # rooms; what is beyond is not believed


class Directs:
    """One account's. `read` takes what a sync brings, `add` changes it on the homeserver."""

    def __init__(self, api: Api, me: ContactId) -> None:
        self._api = api
        self._where = path("user", me, "account_data", KIND)
        self._rooms: dict[ContactId, list[str]] = {}
        self._contacts: dict[str, ContactId] = {}

    def __iter__(self) -> Iterator[ContactId]:
        return iter(self._rooms)

    def contact_of(self, room: str) -> ContactId | None:
        return self._contacts.get(room)

    def rooms_of(self, contact: ContactId) -> Sequence[str]:
        """The latest one last."""
        return self._rooms.get(contact, ())

    def read(self, content: object) -> None:
        """The content of the account data, as any app may have written it."""
        self._rooms, self._contacts = {}, {}
        for user, rooms in fields.mapping(content).items():
            if ids.valid_user(user) and isinstance(rooms, list):
                for room in rooms:
                    if isinstance(room, str) and room.startswith("!") and len(self._contacts) < _MOST:
                        self._note(ContactId(user), room)

    async def load(self) -> None:
        """Raises `Unavailable`, `LoggedOut`."""
        self.read(await self._stored())

    async def add(self, contact: ContactId, room: str) -> None:
        """Make `room` the latest direct chat with `contact`, for all apps of the account. Raises the four errors."""
        stored = dict(await self._stored())
        before = stored.get(contact)
        rooms = [one for one in before if one != room] if isinstance(before, list) else []
        stored[contact] = [*rooms, room]
        await self._api.put(self._where, stored)
        self.read(stored)

    async def _stored(self) -> dict[str, object]:
        answer = await self._api.ask("GET", self._where)
        if errors.code_of(answer) == "M_NOT_FOUND":
            return {}
        return dict(errors.read(answer, changes=False))

    def _note(self, contact: ContactId, room: str) -> None:
        if room not in self._contacts:
            self._rooms.setdefault(contact, []).append(room)
            self._contacts[room] = contact
