"""Files, alone or as albums, with their captions.

Source: https://core.telegram.org/bots/api#sending-files, #sendphoto, #sendmediagroup.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

from telegram import InputFile

from bridge.contract import Media, Message
from connectors.telegram import errors, fields, media, text
from connectors.telegram.api import Api
from connectors.telegram.parts import CAPTION, cut

T = TypeVar("T")
_SLOWEST = 50_000  # bytes a second of an upload


async def post(api: Api, chat: int, message: Message, given: Mapping[str, object]) -> Any:
    """What Telegram answers: a message, or a list of them. Raises the four errors."""
    files = message.media
    try:
        return await _posted(api, chat, message, given, [media.method(one) for one in files])
    except errors.No as refusal:
        if not media.unfit(refusal) or all(media.method(one) == media.DOCUMENT for one in files):
            raise
        return await _posted(api, chat, message, given, [media.DOCUMENT] * len(files))


async def _posted(
    api: Api, chat: int, message: Message, given: Mapping[str, object], hows: Sequence[tuple[str, str]]
) -> Any:
    seconds = 60.0 + sum(one.size or 0 for one in message.media) / _SLOWEST

    async def once(formatted: bool) -> Any:
        with ExitStack() as opened:
            files = [await _file(one, opened) for one in message.media]
            if len(files) == 1:
                [(method, parameter)] = hows
                told = {**_captioned(message, formatted), parameter: files[0]}
            else:
                method, told = "sendMediaGroup", _album(message, files, hows, formatted=formatted)
            return await api.do(method, {"chat_id": chat, **told, **given}, seconds)

    return await plain_if_need_be(once)


def _album(
    message: Message, files: Sequence[InputFile | str], hows: Sequence[tuple[str, str]], *, formatted: bool
) -> dict[str, object]:
    """What is too long for the first caption goes on in the next ones (a file that is missing has left a line)."""
    captions = cut(replace(message, media=()), CAPTION) or [Message()]
    kinds = ["document"] * len(files) if len({media.album_of(how) for how in hows}) > 1 else [how[1] for how in hows]
    items, held = [], {}
    for number, (file, kind) in enumerate(zip(files, kinds, strict=True)):
        where = file
        if isinstance(file, InputFile):
            held[f"file{number}"] = file
            where = f"attach://file{number}"
        caption = _captioned(captions[number], formatted) if number < len(captions) else {}
        items.append({"type": kind, "media": where, **{key: value for key, value in caption.items() if value}})
    return {"media": items, **held}


def _captioned(message: Message, formatted: bool) -> dict[str, object]:
    return {"caption": message.text or None, "caption_entities": entities(message, formatted)}


async def _file(medium: Media, opened: ExitStack) -> InputFile | str:
    found = await media.upload(medium.reference)
    if isinstance(found, str):
        return found
    return InputFile(opened.enter_context(found), filename=fields.line(medium.name) or "file", read_file_handle=False)


async def plain_if_need_be(attempt: Callable[[bool], Awaitable[T]]) -> T:
    """What Telegram does not want formatted so is said without formatting."""
    try:
        return await attempt(True)
    except errors.No as refusal:
        if not refusal.unreadable:
            raise
        return await attempt(False)


def entities(message: Message, formatted: bool) -> list[dict[str, Any]] | None:
    return text.entities_of(message.text, message.spans) or None if formatted else None
