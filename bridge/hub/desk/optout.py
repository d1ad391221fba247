"""`optout`: have nothing of oneself carried by the gateways, and be written to by nobody; or again."""

from bridge.contract import Field, Form
from bridge.hub.desk.ports import Command, Talk, Tools
from bridge.hub.facades import HOME, Caller, Verb

_WAYS = (("on", "Opt out"), ("off", "Be bridged again"))
_OUT = (
    "You have opted out: what you write in rooms that are linked is carried nowhere, and people of other networks "
    "cannot write to you. Where you were a guest of this gateway, that has ended. What you do by accounts of your own "
    "goes on: send `logout` to end that."
)
_ROOMS = "In a room that hides your address from us we cannot know that it is you, so what you write there is carried."
_IN = "You have not opted out: what you write in rooms that are linked is carried, and others can write to you."


async def _optout(tools: Tools, caller: Caller, talk: Talk) -> str:
    opt_outs = tools.choices.opt_outs
    text = (
        "You can have nothing of yours carried to other networks, wherever rooms are linked, and be written to by "
        f"nobody there.\n{_now(opt_outs.opted_out(HOME, caller.user))}"
    )
    field = Field("out", "Opt out", value="on", options=_WAYS)
    given = await talk.ask(Form("Opt out of being bridged", text, (field,)))
    out = given["out"] == "on"
    talk.seal()
    await opt_outs.choose(HOME, caller.user, out=out, at=tools.clock.time())
    return f"{_OUT} {_ROOMS}\nSend `optout off` if you change your mind." if out else _IN


def _now(out: bool) -> str:
    return _OUT if out else _IN


OPTOUT = Command(Verb("optout", "Have nothing of yours carried, or again.", fields=("out",)), _optout, anybody=True)
