"""`help`: what one can do here."""

from bridge.hub.desk.ports import Command, Talk, Tools
from bridge.hub.facades import Caller, Verb


async def _help(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    lines = [f"`{verb.name}`: {verb.summary}" for verb in tools.verbs(caller)]
    first = f"This is the gateway to {name}. Send one of these words, or use the commands of your app:"
    last = f"When you are logged in, people on {name} are contacts like any others: write to them."
    return "\n".join([first, *lines, last])


HELP = Command(Verb("help", "Show what you can do here."), _help, fields=False)
