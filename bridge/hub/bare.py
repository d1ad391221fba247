"""Whether a text is the address that a user of ours goes by: a bare JID, prepared (RFC 6122). Pure.

What XMPP servers send is; what somebody on another network makes up need not be, and would be a second user beside the
one who has logged out, or opted out.
"""

import stringprep
import unicodedata

_NOT_IN_LOCAL = frozenset("\"&'/:<>@")


def is_bare(jid: str) -> bool:
    """Whether `jid` has a localpart, a domain and no resource, and is what preparation makes of it."""
    local, at, domain = jid.partition("@")
    labels = domain.split(".")
    return (
        bool(local and at)
        and not any(character in _NOT_IN_LOCAL for character in local)
        and all(labels)
        and not any(character in "/@" for character in domain)
        and not any(label.startswith("xn--") for label in labels)  # the same domain again (RFC 6122 #addressing-domain)
        and all(map(_stands, jid))
        and unicodedata.ucd_3_2_0.normalize("NFKC", jid) == jid
    )


def _stands(character: str) -> bool:
    """Whether preparation leaves it alone and does not forbid it."""
    old = unicodedata.ucd_3_2_0
    return (
        stringprep.map_table_b2(character) == character
        and not stringprep.in_table_b1(character)
        and not character.isspace()
        and old.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp")
    )
