"""How a memory network behaves."""

import msgspec


class Traits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a network behaves; every session is told when it connects."""

    idempotent: bool = False
    echoes: bool = False  # keys are shown to everybody who sees a message, to its author too
    replays: bool = False  # events are read from a cursor; else what nobody hears is lost
    resay: bool = False  # without replays: authors say again what was not acknowledged, under the same id
    personas: bool = False  # relaying accounts may give people a face of their own
    unique_ids: bool = False  # ids are given by the network; else by whoever writes
    answers: bool = False  # authors want to hear what became of their messages
    fence: bool = False  # actions are not answered one by one: one answer covers all before it
    implicit: bool = False  # a chat that is written to exists
    media: bool = True  # files can be sent
    finds: bool = True  # people and rooms can be looked for, blocked and reported
    history: bool = True  # what was said before can be read
    signs: bool = True  # who writes, has read, is there can be shown
    reflect: bool = True  # people see their own messages without us
    parrots: bool = False  # people say again what is written to them in a direct chat
    window: int = 1
    longest: int = 4_000  # code points of a message
    without: tuple[str, ...] = ()  # of "edit", "retract", "react": what this network cannot do
