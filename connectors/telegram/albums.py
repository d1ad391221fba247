"""Albums: Telegram tells of each file by an update of its own, and nobody says which one is the last.

So an album waits until there are ten files (#sendmediagroup), until something else is said in its chat, or until no
more has come for a moment. Meanwhile it is not confirmed to Telegram, which gives it again with what belongs to it:
nothing is lost by a crash in between. Other chats do not wait.

Source: https://core.telegram.org/bots/api#message, `media_group_id`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bridge.contract import Event, MessageReceived
from connectors.telegram import fields

LOOK = 0.25  # seconds between looks for more
_QUIET = 0.6  # seconds without more, after which there is none
MOST = 10  # files
_KINDS = ("message", "channel_post", "business_message")


class Albums:
    """For one session."""

    def __init__(self) -> None:
        self._grew: dict[tuple[int, str], tuple[int, float]] = {}  # of those that wait: how many files, since when
        self._told: set[int] = set()  # updates behind the first that waits

    def sorted(self, batch: Sequence[Any], now: float) -> tuple[list[list[Any]], int | None]:
        """What is to be read now, albums together; and the number of the first update that waits, if any does."""
        ripe: list[list[Any]] = []
        waiting: int | None = None
        grew, told, held = {}, set(self._told), set[int]()
        new = [raw for raw in batch if number_of(raw) not in told]
        for one in _together(new):
            number, key, chat = number_of(one[0]), album_of(one[0]), chat_of(one[0])
            grows = key is not None and number is not None and self._may_grow(key, one, new, now)
            if number is not None and (grows or chat in held):
                if chat is not None:
                    held.add(chat)  # what changes the album, or is said behind it, comes behind it
                if key is not None:
                    grew[key] = self._grew[key]
                waiting = number if waiting is None else min(number, waiting)
                continue
            ripe.append(one)
            told |= {n for n in map(number_of, one) if n is not None}
        self._grew, self._told = grew, {n for n in told if waiting is not None and n > waiting}
        return ripe, waiting

    def _may_grow(self, key: tuple[int, str], album: list[Any], batch: Sequence[Any], now: float) -> bool:
        files, since = self._grew.get(key, (0, now))
        if len(album) > files:
            files, since = len(album), now
        self._grew[key] = (files, since)
        return len(album) < MOST and now - since < _QUIET and not _followed(album[-1], key[0], batch)


def joined(events: Sequence[Event]) -> list[Event]:
    """The messages of an album as one, behind whatever else its updates tell."""
    said = [event for event in events if isinstance(event, MessageReceived) and event.message.media]
    if len(said) < 2 or any(len(one.message.media) != 1 for one in said):
        return list(events)
    first = said[0]
    captioned = [one.message for one in said if one.message.text]
    text, spans = "", []
    for one in captioned:
        start = len(text) + (1 if text else 0)
        text = f"{text}\n{one.text}" if text else one.text
        spans += [replace(span, start=span.start + start, end=span.end + start) for span in one.spans]
    files = tuple(medium for one in said for medium in one.message.media)
    whole = replace(first.message, text=text, spans=tuple(spans), media=files)
    others = [event for event in events if not (isinstance(event, MessageReceived) and event.message.media)]
    return [*others, replace(first, message=whole, further=tuple(one.id for one in said[1:]))]


def _together(batch: Sequence[Any]) -> list[list[Any]]:
    """Updates in the order in which their first came, those of one album in one list."""
    found: list[list[Any]] = []
    albums: dict[tuple[int, str], list[Any]] = {}
    for raw in batch:
        key = album_of(raw)
        if key is not None and key in albums and len(albums[key]) < MOST:
            albums[key].append(raw)
            continue
        found.append([raw])
        if key is not None:
            albums[key] = found[-1]
    return found


def _followed(last: Any, chat: int, batch: Sequence[Any]) -> bool:
    """Whether something is said in the chat behind it."""
    place = next(number for number, raw in enumerate(batch) if raw is last)
    return any(_message(raw) and chat_of(raw) == chat for raw in batch[place + 1 :])


def _message(raw: Any) -> dict[str, Any]:
    update = fields.mapping(raw)
    return dict(next((fields.mapping(update[kind]) for kind in _KINDS if kind in update), {}))


def chat_of(raw: Any) -> int | None:
    """Of an update of any kind."""
    update = fields.mapping(raw)
    kind = next((key for key in update if key != "update_id"), "")
    return fields.integer(fields.mapping(fields.mapping(update.get(kind)).get("chat")).get("id"))


def album_of(raw: Any) -> tuple[int, str] | None:
    """The chat and the name of the album to which a message belongs."""
    chat, name = chat_of(raw), fields.string(_message(raw).get("media_group_id"))
    return (chat, name) if chat is not None and name else None


def number_of(raw: Any) -> int | None:
    """Of an update."""
    return fields.integer(fields.mapping(raw).get("update_id"))
