"""Answers: what somebody typed, checked against the form that asked. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.contract import Field, Form
from bridge.hub.desk.words import quoted

LONGEST = 4_096  # characters of one value
_MOST = 64  # fields in one answer


def size_fault(given: Mapping[str, str]) -> str:
    """What is too large about an answer, as a sentence; empty if nothing."""
    if len(given) > _MOST:
        return f"That is too much at once: at most {_MOST} fields can be sent."
    for name, value in given.items():
        if len(value) > LONGEST:
            return f"The value of `{_short(name)}` is too long: at most {LONGEST:,} characters are possible."
    return ""


def fault(form: Form, given: Mapping[str, str]) -> str:
    """Why `given` is no answer to `form`, as a sentence; empty when it is one."""
    too_large = size_fault(given)
    if too_large:
        return too_large
    unknown = unknown_fault(form, given)
    if unknown:
        return unknown
    missing = [field.label for field in form.fields if field.required and not _value(field, given)]
    if missing:
        return f"Please fill in: {', '.join(missing)}."
    for field in form.fields:
        value = _value(field, given)
        possible = [option for option, _ in field.options]
        if possible and value and value not in possible:
            return f"`{_short(value)}` cannot be chosen for {field.label}. Possible: {quoted(possible)}."
    return ""


def unknown_fault(form: Form, given: Mapping[str, str]) -> str:
    """Which fields do not belong to `form`, as a sentence; empty if all do."""
    known = [field.name for field in form.fields]
    for name in given:
        if name not in known:
            here = f"The fields are {quoted(known)}." if len(known) > 1 else ""
            here = here or (f"The only field is {quoted(known)}." if known else "Nothing is asked at this step.")
            return f"There is no field `{_short(name)}` here. {here}"
    return ""


def complete(form: Form, given: Mapping[str, str]) -> dict[str, str]:
    """Every field of `form`, as a connector expects them. Only for answers without a `fault`."""
    return {field.name: _value(field, given) for field in form.fields}


def proposed(form: Form, given: Mapping[str, str]) -> Form:
    """`form` with what was typed already, except secrets."""
    fields = tuple(
        field if field.secret or len(given.get(field.name, "")) > LONGEST
        else replace(field, value=given.get(field.name, "") or field.value)
        for field in form.fields
    )  # fmt: skip
    return replace(form, fields=fields)


def _value(field: Field, given: Mapping[str, str]) -> str:
    value = given.get(field.name, "")
    return value if field.secret else value.strip()


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"
