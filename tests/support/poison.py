"""What nobody should write: texts, names and Matrix events, by the thousand, from a seed that is printed."""

import copy
import os
import random
from typing import Any

SOON = 2.0 if os.environ.get("TESTS_FULL") else 30.0  # seconds; the short form runs beside much else
# C0 and C1 controls, non-characters, what XML and JSON treat alone, bidi overrides, combining marks, astral characters.
LETTERS = (
    [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF, 0xFDD0, 0x1FFFE, 0x10FFFF, 0x2028, 0x202E)]
    + list("<>&\"'`\\/]}{[%;\u0301\u0489\u200d\u200f😀👩\U000e0041 \n\tab")
    + ["]]>", "<!--", "-->", "<![CDATA[", "</stream:stream>", "<?xml?>", "&#0;", "&lol;", "/me ", "\r\n", "\u0301" * 40]
)  # fmt: skip
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff"]


def dice() -> random.Random:
    """TESTS_SEED repeats a run."""
    seed = int(os.environ.get("TESTS_SEED") or random.randrange(1_000_000))
    print(f"seed {seed}")
    return random.Random(seed)


def text(chance: random.Random, number: int, longest: int = 100_000) -> str:
    """Number `number`, which it begins with; every 500th is as long as may be."""
    length = chance.choice((1, 3, 10, 60, 400)) if number % 500 else longest
    return f"{number} " + "".join(chance.choices(LETTERS, k=length))[:longest]


def number_of(said: str) -> int:
    """Which text it is; -1 for none of them."""
    head = said.split(" ", 1)[0]
    return int(head) if head.isascii() and head.isdigit() else -1


def name(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, k=chance.choice((0, 1, 2, 5, 30, 300))))


_DEEP: Any = "x"
for _ in range(200):
    _DEEP = [_DEEP]
STRANGE: list[Any] = [
    None, True, 0, -1, 1e308, 1 << 70, "", "\0", "\ud800", "x" * 70_000, [], [[]], {}, {"a": {}}, _DEEP, "$x", "!x",
    "@x",     {"displayname": {}}, "\u202e", ["\udfff"], {"\ud800": "\0"},
]  # fmt: skip
_FIELDS = [
    "event_id", "sender", "type", "state_key", "origin_server_ts", "unsigned", "redacts", "room_id", "content",
    "content.body", "content.msgtype", "content.formatted_body", "content.format", "content.m.relates_to",
    "content.membership", "content.displayname", "content.avatar_url", "content.is_direct", "content.info",
    "content.org.landbridge.key", "content.m.new_content", "content.algorithm", "unsigned.prev_content",
    "unsigned.redacted_because", "unsigned.prev_sender", "unsigned.replaces_state",
]  # fmt: skip
_KINDS = [
    "m.room.message", "m.room.member", "m.room.encrypted", "m.room.encryption", "m.room.create", "m.reaction",
    "m.room.redaction", "m.sticker", "m.poll.start", "m.call.invite", "org.example.unknown", "m.room.name",
]  # fmt: skip


def event(chance: random.Random, sender: str) -> Any:
    """A Matrix event of some kind with strange things in some of its places."""
    kind = chance.choice(_KINDS)
    content = {
        "body": "text",
        "msgtype": "m.text",
        "membership": "join",
        "m.relates_to": {"event_id": "$1", "key": "k"},
    }
    made: dict[str, Any] = {"type": kind, "sender": sender, "content": content, "unsigned": {}}
    if kind.startswith(("m.room.member", "m.room.create", "m.room.name")):
        made["state_key"] = sender
    for field in chance.sample(_FIELDS, chance.randint(1, 5)):
        outer, _, inner = field.partition(".")
        place = made[outer] if inner and isinstance(made.get(outer), dict) else made
        place[inner or outer] = copy.deepcopy(chance.choice(STRANGE))
    return made
