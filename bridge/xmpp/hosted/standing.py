"""How people stand to a room, in the words of XEP-0045 #roles and #affil. Pure."""

from collections.abc import Mapping

from bridge.contract import Rank

RANKS: Mapping[Rank, tuple[str, str]] = {
    Rank.OWNER: ("owner", "moderator"),
    Rank.ADMIN: ("admin", "moderator"),
    Rank.MODERATOR: ("member", "moderator"),
    Rank.MEMBER: ("member", "participant"),
    Rank.VISITOR: ("member", "visitor"),
}
"""Affiliation and role: everybody in a network's room is at least its member."""

AFFILIATIONS = ("owner", "admin", "member", "none", "outcast")
ROLES = ("moderator", "participant", "visitor", "none")


def affiliation(rank: Rank) -> str:
    return RANKS[rank][0]


def role(rank: Rank) -> str:
    return RANKS[rank][1]
