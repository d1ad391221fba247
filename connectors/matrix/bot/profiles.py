"""Whose words a bot says: their profile in the content (MSC4144), which apps that know it show in place of the bot's,
and for all others the name before the text, which those leave out. Pure.
"""

import hashlib
import html
from collections.abc import Mapping
from typing import Any

from bridge.contract import Persona
from connectors.matrix import fields

PROFILE = "com.beeper.per_message_profile"
_LONGEST_NAME = 200
_NEW = "m.new_content"


def profiled(content: Mapping[str, Any], persona: Persona) -> Mapping[str, Any]:
    """`content`, said by `persona`; the name stands before its text, if it is the first part of what they say. The id
    of a profile tells nobody what somebody is called elsewhere."""
    name = fields.line(persona.name or persona.contact, _LONGEST_NAME)
    if isinstance(new := content.get(_NEW), dict):
        content = {**content, _NEW: profiled(new, persona)}
    body, prefix = fields.string(content.get("body")), f"{name}: "
    first = body.startswith(prefix)
    profile: dict[str, Any] = {"id": hashlib.sha256(persona.key.encode()).hexdigest()[:16], "displayname": name}
    if not first:
        return {**content, PROFILE: profile}
    shown, marked = html.escape(prefix), f"<strong data-mx-profile-fallback>{html.escape(prefix)}</strong>"
    rest = html.escape(body.removeprefix(prefix)).replace("\n", "<br>")
    formatted = fields.string(content.get("formatted_body"))
    if formatted.startswith(shown):
        rest = formatted.removeprefix(shown)
    elif formatted:
        return {**content, PROFILE: profile}
    return {
        **content, PROFILE: {**profile, "has_fallback": True},
        "format": "org.matrix.custom.html", "formatted_body": marked + rest,
    }  # fmt: skip
