"""What a hosted room says it is (XEP-0045 #disco-roominfo). Pure."""

from collections.abc import Mapping, Sequence

from bridge.contract import Rank
from bridge.hub.facades import Room
from bridge.xmpp import capabilities, mentions, text
from bridge.xmpp.hosted import hats, mam, moderating, stanzas
from bridge.xmpp.hosted.room import HostedRoom

_ALWAYS = (
    "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items",
    stanzas.MUC, f"{stanzas.MUC}#stable_id", f"{stanzas.MUC}#self-ping-optimization",
    "muc_nonanonymous", "muc_persistent", "muc_unsecured", "muc_hidden",
    "urn:xmpp:occupant-id:0", "urn:xmpp:ping", "urn:xmpp:sid:0", "vcard-temp", moderating.NOW, moderating.BEFORE,
    hats.HATS, *mam.FEATURES,
    *(feature for feature in capabilities.MESSAGES if feature != mentions.MENTIONS),  # it says who may mention whom
)  # fmt: skip
_OWNERS = 10  # who are named
_EMOJI = 200


def described(room: Room, there: HostedRoom | None, picture: str | None, *, versions: bool = False) -> str:
    """Identity, features and form. `there`: the room, if somebody is in it; `picture`: the hash of its avatar;
    `versions`: whether its affiliations have them."""
    name = text.attribute(room.name or room.jid.partition("@")[0])
    rules = room.rules
    features = sorted(
        {
            *_ALWAYS,
            *([stanzas.VERSIONS] if versions else []),
            *([stanzas.BRIDGED] if room.linked else []),
            "muc_open" if rules.open else "muc_membersonly",
            "muc_moderated" if rules.moderated else "muc_unmoderated",
        }
    )
    named = "".join(f'<feature var="{feature}"/>' for feature in features)
    identity = f'<identity category="conference" type="text" name="{name}"/>'
    return f"{identity}{named}{_form(room, there, picture)}{_reactions(room)}"


def _form(room: Room, there: HostedRoom | None, picture: str | None) -> str:
    """XEP-0045 #registrar-formtype-roominfo."""
    anybody = not room.rules.subject.above(Rank.MEMBER)
    fields = {
        "muc#roominfo_description": [room.subject],
        "muc#roominfo_subject": [room.subject],
        "muc#roominfo_subjectmod": ["1" if anybody else "0"],
        "muc#roomconfig_roomname": [room.name],
    }
    if there is not None:
        seen = there.seen.values()
        owners = [one.jid for one in seen if one.rank is Rank.OWNER and one.jid]
        fields["muc#roominfo_occupants"] = [str(len(seen))]
        fields["muc#roominfo_contactjid"] = owners[:_OWNERS]
    if picture:
        fields["muc#roominfo_avatarhash"] = [picture]  # XEP-0486 #disco-avatar-hash
    return _written(f"{stanzas.MUC}#roominfo", fields)


def _reactions(room: Room) -> str:
    """XEP-0444 #disco-restricted."""
    fields = {}
    if room.reactions is not None:
        fields["max_reactions_per_user"] = [str(room.reactions)]
    if room.allowed_reactions is not None:
        fields["allowlist"] = list(room.allowed_reactions[:_EMOJI])
    return _written("urn:xmpp:reactions:0:restrictions", fields) if fields else ""


def _written(kind: str, fields: Mapping[str, Sequence[str]]) -> str:
    """A form (XEP-0128)."""
    some = "".join(
        f'<field var="{name}">{"".join(f"<value>{text.escape(value)}</value>" for value in values)}</field>'
        for name, values in fields.items()
    )
    hidden = f'<field var="FORM_TYPE" type="hidden"><value>{kind}</value></field>'
    return f'<x xmlns="jabber:x:data" type="result">{hidden}{some}</x>'
