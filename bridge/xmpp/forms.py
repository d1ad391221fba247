"""Data forms (XEP-0004): a form of the hub's as XML, and what was submitted. Pure."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from bridge.contract import Field, Form
from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError

_X = "{jabber:x:data}x"
_FIELD = "{jabber:x:data}field"
_VALUE = "{jabber:x:data}value"
_MOST = 100  # fields that are looked at

_BAD = '<bad-payload xmlns="http://jabber.org/protocol/commands"/>'


def render(form: Form, kind: str = "") -> str:
    """The form to be filled in. What was proposed for a secret is never shown. `kind`: its FORM_TYPE (XEP-0068)."""
    hidden = f'<field var="FORM_TYPE" type="hidden"><value>{kind}</value></field>' if kind else ""
    fields = "".join(_field(field) for field in form.fields)
    return (
        f'<x xmlns="jabber:x:data" type="form"><title>{text.escape(form.title)}</title>'
        f"<instructions>{text.escape(form.text)}</instructions>{hidden}{fields}</x>"
    )


def submitted(payload: Element) -> Mapping[str, str] | None:
    """The values, by field, in a child of `payload`; empty without a form, None for a form that was cancelled.

    Raises `StanzaError` for what is no submitted form (XEP-0050 #execute-errors).
    """
    forms = [child for child in payload if child.tag == _X]
    if not forms:
        return {}
    kind = forms[0].get("type")
    if kind == "cancel":
        return None
    if kind != "submit" or len(forms) > 1:
        raise StanzaError("bad-request", "The form must be sent with the type `submit`.", _BAD)
    if len(forms[0]) > _MOST:
        raise StanzaError("bad-request", f"A form can have at most {_MOST} fields.", _BAD)
    given: dict[str, str] = {}
    for field in forms[0]:
        name = field.get("var")
        # XEP-0068 #approach: FORM_TYPE and other hidden fields are for programs.
        if field.tag == _FIELD and name and name != "FORM_TYPE" and field.get("type") != "hidden":
            if name in given:
                raise StanzaError("bad-request", f"The form has the field `{name[:40]}` more than once.", _BAD)
            given[name] = "\n".join(value.text or "" for value in field if value.tag == _VALUE)
    return given


def _field(field: Field) -> str:
    kind = "text-private" if field.secret else "list-single" if field.options else "text-single"
    required = "<required/>" if field.required else ""
    value = "" if field.secret or not field.value else f"<value>{text.escape(field.value)}</value>"
    options = "".join(
        f'<option label="{text.attribute(label)}"><value>{text.escape(option)}</value></option>'
        for option, label in field.options
    )
    return (
        f'<field var="{text.attribute(field.name)}" type="{kind}" label="{text.attribute(field.label)}">'
        f"{required}{value}{options}</field>"
    )
