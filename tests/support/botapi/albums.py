"""Several files in one request, and albums that people send.

Source: https://core.telegram.org/bots/api#sendmediagroup, #message (`media_group_id`).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tests.support.botapi import uploads
from tests.support.botapi.refusals import bad
from tests.support.botapi.state import Bot, Chat, Said, Stored, User

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi
    from tests.support.botapi.world import World

_MIXED = ({"photo", "video"}, {"document"}, {"audio"})  # "Documents and audio files can be only grouped …"


def send(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    from tests.support.botapi import methods

    wanted = given.get("media") or []
    if not 2 <= len(wanted) <= 10:
        raise bad("there are no media in the request" if not wanted else "group send failed")
    chat = methods.may_write(api, bot, given, counts=len(wanted))
    kinds = {str(one.get("type")) for one in wanted}
    if not any(kinds <= allowed for allowed in _MIXED):
        raise bad("documents can't be mixed with other media types")
    contents = []
    for number, one in enumerate(wanted, 1):
        where = str(one.get("media"))
        upload = given.get(where.removeprefix("attach://")) if where.startswith("attach://") else where
        caption = str(one.get("caption", ""))
        if methods.units(caption) > methods.CAPTION:
            raise bad("message caption is too long")
        try:
            content = uploads.taken(bot, one["type"], upload)
        except Exception as refusal:
            raise bad(f'failed to send message #{number} with the error message "{refusal}"') from refusal
        marks = methods.entities_of(one, "caption_entities", caption)
        contents.append(content | ({"caption": caption.strip(), **marks} if caption.strip() else {}))
    name = str(api.world.state.new_id())
    return [methods.sent(api, bot, chat, given, {**content, "media_group_id": name}) for content in contents]


def sends_album(
    world: "World", who: User, chat: Chat, files: Iterable[tuple[str, str, str, bytes]], caption: str = "",
    name: str = "",
) -> list[Said]:  # fmt: skip
    """`files`: (kind, name, type, bytes). The first has the caption."""
    name = name or str(world.state.new_id())
    return [
        world.sends_file(who, chat, *file, caption=caption if not number else "", media_group_id=name)
        for number, file in enumerate(files)
    ]


def files_of(said: Iterable[Said]) -> list[Stored | None]:
    return [uploads.file_of(one.content) for one in said]
