"""Whom an account has blocked: the account data `m.ignored_user_list`, which all its apps heed and homeservers, too.

Source: client-server API #ignoring-users.
"""

import asyncio
from collections.abc import Mapping

from bridge.contract import Block, BlockedChanged, ContactId, Reason, Receipt, Refused
from connectors.matrix import decoding, errors, fields, ids
from connectors.matrix.api import Api, path

KIND = "m.ignored_user_list"
_LISTED = "ignored_users"
_MOST = 10_000  # people; what is beyond is not believed


class Ignored:
    """One account's. `load` comes first; `read` takes what a sync brings."""

    def __init__(self, api: Api, me: ContactId) -> None:
        self._api = api
        self._me = me
        self._where = path("user", me, "account_data", KIND)
        self._users: frozenset[ContactId] = frozenset()
        self._told: frozenset[ContactId] = frozenset()  # as last reported
        self._changing = asyncio.Lock()  # two of ours must not overwrite each other's

    async def load(self) -> None:
        """Raises `Unavailable`, `Refused`, `LoggedOut`."""
        self.read(await self._stored())

    def read(self, content: object) -> None:
        """The content of the account data, as any app may have written it."""
        listed = list(fields.mapping(fields.mapping(content).get(_LISTED)))[:_MOST]
        self._users = frozenset(ContactId(user) for user in listed if ids.valid_user(user))

    def news(self) -> BlockedChanged | None:
        """What has changed since this was asked last."""
        if self._users == self._told:
            return None
        self._told = self._users
        return BlockedChanged(contacts=self._users)

    async def block(self, action: Block) -> Receipt:
        """Raises the four errors. What else is in the list stays in it."""
        if action.whom == self._me or not ids.valid_user(action.whom):
            raise Refused("You can only block other people.", Reason.NOT_ALLOWED)
        async with self._changing:
            stored = fields.mapping(await self._stored())
            users = dict(fields.mapping(stored.get(_LISTED)))
            if (action.whom in users) != action.blocked:
                if action.blocked:
                    users[action.whom] = {}
                else:
                    users.pop(action.whom)
                await self._api.put(self._where, {**stored, _LISTED: users})
            self.read({_LISTED: users})  # what the next sync brings is judged by it already
        return Receipt()

    async def _stored(self) -> Mapping[str, object]:
        answer = await self._api.ask("GET", self._where)
        if errors.code_of(answer) == "M_NOT_FOUND" or answer.body.strip() == b"null":
            return {}
        if answer.status == 200:
            return fields.mapping(decoding.decoded(answer.body))
        return errors.read(answer, changes=False)
