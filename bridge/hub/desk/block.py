"""`block`: hear nothing of somebody any more, or again; also in one's other apps, which share the list."""

from bridge.contract import Field, Form
from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Talk, Tools
from bridge.hub.facades import Caller, Verb

_WAYS = (("on", "Block"), ("off", "Do not block any more"))
_SHOWN = 50


async def _block(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    blocked = tools.choices.blocks(caller.user, caller.network)
    lines = [f"Of whom on {name} do you want to hear nothing?"]
    if blocked:
        lines += ["You block:", *blocked[:_SHOWN]]
    fields = (Field("whom", "Who"), Field("blocked", "Block or not", value="on", options=_WAYS, required=False))
    given = await talk.ask(Form(f"Block somebody on {name}", "\n".join(lines), fields))
    whom = await meaning.person(tools, caller, given["whom"])
    wanted = given["blocked"] != "off"
    talk.seal()
    await tools.errands.block(caller.user, caller.network, whom, blocked=wanted)
    if wanted:
        return f"You hear nothing of {whom} any more. Send `block {whom} off` if you change your mind."
    return f"You hear of {whom} again."


BLOCK = Command(Verb("block", "Hear nothing of somebody, or again.", fields=("whom", "blocked")), _block)
