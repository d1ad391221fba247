"""Small durable notes of one account: what must be known after a crash."""

import json

from bridge.contract import Memory

_LARGEST = 60_000  # bytes; a memory's value has 64 KiB


class Notes:
    """Values by name, kept under one key of the account's memory; the oldest half goes when there is no more room.
    `load` comes first."""

    def __init__(self, memory: Memory, key: str) -> None:
        self._memory = memory
        self._key = key
        self._notes: dict[str, str] = {}

    async def load(self) -> None:
        self._notes = json.loads(await self._memory.get(self._key) or "{}")

    def all(self) -> dict[str, str]:
        return dict(self._notes)

    def get(self, name: str) -> str | None:
        return self._notes.get(name)

    async def put(self, name: str, value: str) -> None:
        """Durable when this returns."""
        if self._notes.get(name) == value:
            return
        wanted = {**self._notes, name: value}
        while len(json.dumps(wanted)) > _LARGEST and len(wanted) > 1:
            wanted = dict(list(wanted.items())[(len(wanted) + 1) // 2 :])
        self._notes = wanted
        await self._memory.put(self._key, json.dumps(wanted))
