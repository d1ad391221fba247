"""Ad-hoc commands (XEP-0050) as a client runs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from tests.support.xmpp_client import XmppClient, error_of

COMMANDS = "http://jabber.org/protocol/commands"
FORMS = "jabber:x:data"
_C, _X = f"{{{COMMANDS}}}", f"{{{FORMS}}}"


@dataclass(frozen=True)
class Step:
    """What a gateway answered. `status` is executing, completed, canceled, or error with the condition in `text`."""

    status: str
    session: str = ""
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)  # name: value


async def execute(client: XmppClient, to: str, node: str, *answers: Mapping[str, str], seconds: float = 30) -> Step:
    """Begin the command `node` and answer its forms in turn; the last step. Fewer answers leave it open."""
    step = await answer_form(client, to, node, "", None, seconds)
    for answer in answers:
        if step.status != "executing":
            return step
        step = await answer_form(client, to, node, step.session, answer, seconds)
    return step


async def log_in(client: XmppClient, gateway: str, homeserver: str, username: str, password: str) -> Step:
    """The command `login`, whether it first asks which flow or not."""
    step = await answer_form(client, gateway, "login", "", None, 30)
    if "flow" in step.fields:
        step = await answer_form(client, gateway, "login", step.session, {"flow": "password"}, 30)
    given = {"homeserver": homeserver, "username": username, "password": password}
    return await answer_form(client, gateway, "login", step.session, given, 60)


async def answer_form(
    client: XmppClient, to: str, node: str, session: str, answer: Mapping[str, str] | None, seconds: float
) -> Step:
    """Go on with the command that `session` is; None and no session begin it."""
    inner = ""
    if answer is not None:
        fields = "".join(
            f"<field var={quoteattr(name)}><value>{escape(value)}</value></field>" for name, value in answer.items()
        )
        inner = f"<x xmlns='{FORMS}' type='submit'>{fields}</x>"
    which = f" sessionid={quoteattr(session)}" if session else ""
    return _read(
        await client.iq(
            to, "set", f"<command xmlns='{COMMANDS}' node={quoteattr(node)}{which}>{inner}</command>", seconds
        )
    )


def _read(iq: Element) -> Step:
    if iq.get("type") == "error":
        condition, text = error_of(iq)
        return Step("error", text=f"{condition} {text}".strip())
    command = iq.find(f"{_C}command")
    if command is None:
        return Step("error", text="no command in the answer")
    form = command.find(f"{_X}x")
    texts = [note.text or "" for note in command.findall(f"{_C}note")]
    fields = {}
    if form is not None:
        texts += [i.text or "" for i in form.findall(f"{_X}instructions")]
        fields = {f.get("var", ""): f.findtext(f"{_X}value", "") for f in form.findall(f"{_X}field") if f.get("var")}
    return Step(command.get("status", ""), command.get("sessionid", ""), "\n".join(texts), fields)
