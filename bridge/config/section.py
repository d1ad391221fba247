"""Reading a section of the configuration key by key, and noting everything that is wrong on the way."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bridge.config.model import Fault
from bridge.config.shapes import typed
from bridge.config.sources import Typed, read_secret

T = TypeVar("T")
_SECRET = ("secret", "token", "password")


@dataclass(slots=True)
class Notes:
    """What is found out while a configuration is read."""

    folder: Path  # where relative paths start
    faults: list[Fault] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    written: bool = False  # a secret stands in the file itself
    secret_files: list[Path] = field(default_factory=list)


class Section:
    """Take every key that is known, then `close`: what is left is unknown."""

    def __init__(self, tree: Any, key: str, notes: Notes) -> None:
        self._key = key
        self._notes = notes
        self._known: set[str] = set()
        if tree is not None and not isinstance(tree, dict):
            self.fault("", "it must be keys with values")
        self._tree: dict[str, Any] = tree if isinstance(tree, dict) else {}

    def __contains__(self, name: str) -> bool:
        return self._tree.get(name) is not None or self._tree.get(f"{name}_file") is not None

    def fault(self, name: str, reason: str) -> None:
        self._notes.faults.append(Fault(self._at(name), reason))

    def take(self, name: str, kind: Any, default: T, check: Callable[[Any], T] | None = None) -> T:
        """The value of `name` as `kind`, through `check`; `default` when it is not there or wrong. Text may also stand
        in a file of its own: `NAME_file`."""
        self._known.add(name)
        if kind is str:
            self._known.add(f"{name}_file")
        try:
            value: Any = self._tree.get(name) if kind is not str else self._text(name)
            if value is None:
                return default
            found: T = typed(value, kind)
            if check is not None:
                found = check(found)
        except ValueError as error:
            self.fault(name, str(error))
            return default
        self._note_secret(name, value, found)
        return found

    def need(self, name: str, check: Callable[[str], str] | None = None) -> str:
        """As `take` for text that must be there."""
        if name not in self:
            self._known |= {name, f"{name}_file"}
            self.fault(name, "it is missing")
            return ""
        return self.take(name, str, "", check or _not_empty)

    def take_list(self, name: str, check: Callable[[str], str]) -> tuple[str, ...]:
        """A list of texts, each through `check`."""
        found = []
        values: list[Any] = self.take(name, list[Any], [])
        for number, value in enumerate(values):
            try:
                found.append(check(typed(value, str)))
            except ValueError as error:
                self.fault(f"{name}.{number}", str(error))
        return tuple(found)

    def section(self, name: str) -> "Section":
        self._known.add(name)
        return Section(self._tree.get(name), self._at(name), self._notes)

    def _at(self, name: str) -> str:
        return ".".join(part for part in (self._key, name) if part)

    def raw(self, name: str) -> Any:
        """What stands at `name`, unchecked; it is still to be taken."""
        return self._tree.get(name)

    def sections(self, name: str) -> "list[Section]":
        """A list of keys with values."""
        self._known.add(name)
        return [Section(one, f"{self._at(name)}.{number}", self._notes) for number, one in enumerate(self.raw(name))]

    def names(self) -> Iterable[str]:
        """What stands here, in the file's order."""
        return list(self._tree)

    def close(self) -> None:
        """Refuse what nobody took."""
        for name in self._tree:
            if name not in self._known:
                near = difflib.get_close_matches(name, sorted(self._known), 1)
                self.fault(name, "there is no such key" + (f"; did you mean {near[0]}?" if near else ""))

    def _text(self, name: str) -> Any:
        """What stands at `name`, or in the file that is named instead. Raises ValueError."""
        value = self._tree.get(f"{name}_file")
        if value is None:
            return self._tree.get(name)
        if self._tree.get(name) is not None:
            raise ValueError(f"either {name} or {name}_file, not both")
        path = self._notes.folder / typed(value, str)
        text = read_secret(path)
        self._notes.secret_files.append(path)
        return text

    def _note_secret(self, name: str, value: Any, found: Any) -> None:
        if name.endswith(_SECRET) and isinstance(found, str) and found:
            self._notes.secrets.add(found)
            if not isinstance(value, Typed) and f"{name}_file" not in self._tree:
                self._notes.written = True


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return text
