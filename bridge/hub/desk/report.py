"""`report`: tell those who run the network of what somebody has said, or of somebody."""

from bridge.contract import Field, Form
from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Talk, Tools
from bridge.hub.facades import Caller, Verb


async def _report(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    text = (
        f"Whom do you want to report to those who run your server of {name}? "
        "What they have said last is reported with them."
    )
    fields = (
        Field("whom", "Who"),
        Field("reason", "What is wrong"),
        Field("room", "Room, if it was said in one", required=False),
    )
    given = await talk.ask(Form(f"Report somebody on {name}", text, fields))
    whom = await meaning.person(tools, caller, given["whom"])
    room = (await meaning.room(tools, caller, given["room"])).jid if given["room"] else ""
    talk.seal()
    said = await tools.errands.report(caller.user, caller.network, whom, room, given["reason"][:500])
    done = f"The last message of {whom} was reported." if said else f"{whom} was reported."
    return f"{done} Send `block {whom}` to hear nothing of them any more."


_VERB = Verb("report", "Report somebody, or what they have said.", fields=("whom", "reason"), named=("room",))
REPORT = Command(_VERB, _report)
