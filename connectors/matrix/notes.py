"""Small durable notes of one account: what was begun and must be known after a crash."""

import json

from bridge.contract import Memory

_LARGEST = 60_000  # bytes; a memory's value has 64 KiB


class Notes:
    """Values by name, kept under one key of the account's memory. `load` comes first."""

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

    async def put(self, name: str, value: str) -> bool:
        """Durable when this returns True; False when there is no room for it, and nothing changes."""
        wanted = {**self._notes, name: value}
        if len(_written(wanted).encode()) > _LARGEST:
            return False
        self._notes = wanted
        await self._memory.put(self._key, _written(wanted))
        return True

    async def keep(self, name: str, value: str) -> None:
        """Durable when this returns; if there is no room for it, the oldest half of all notes goes."""
        if not await self.put(name, value):
            await self.drop(*list(self._notes)[: len(self._notes) // 2])
            await self.put(name, value)

    async def drop(self, *names: str) -> None:
        kept = {name: value for name, value in self._notes.items() if name not in names}
        if len(kept) < len(self._notes):
            self._notes = kept
            await self._memory.put(self._key, _written(kept))


def _written(notes: dict[str, str]) -> str:
    return json.dumps(notes, ensure_ascii=False)
