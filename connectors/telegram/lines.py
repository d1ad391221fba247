"""What people say that has no form of its own in the contract, as lines. Pure.

Source: https://core.telegram.org/bots/api#message.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.contract import Place, geo
from connectors.telegram import fields
from connectors.telegram.phrases import everybody, moment, price, several, stars, titled, who

_MOST = 20  # options of a poll
_PAID = {"photo": "a picture", "video": "a video", "live_photo": "a live photo", "preview": "something"}
Say = Callable[[Mapping[str, Any]], str]


def place_of(raw: Mapping[str, Any]) -> Place | None:
    where = fields.mapping(fields.mapping(raw.get("venue")).get("location") or raw.get("location"))
    latitude, longitude = fields.number(where.get("latitude")), fields.number(where.get("longitude"))
    if latitude is None or longitude is None:
        return None
    return geo.place(latitude, longitude, fields.number(where.get("horizontal_accuracy")))


def tasks(said: object, *, done: bool = True) -> list[str]:
    """#checklisttask"""
    found = []
    for raw in fields.listed(said)[:_MOST]:
        one = fields.mapping(raw)
        text = fields.line(one.get("text"))
        found.append(f"{text} (done)" if done and fields.positive(one.get("completion_date")) else text)
    return [text for text in found if text]


def _contact(said: Mapping[str, Any]) -> str:
    name = " ".join(p for p in (fields.line(said.get("first_name")), fields.line(said.get("last_name"))) if p)
    return f"[Contact: {', '.join(p for p in (name, fields.line(said.get('phone_number'), 40)) if p) or 'no name'}]"


def _location(said: Mapping[str, Any]) -> str:
    found = place_of({"location": said})
    if found is None:
        return "[Location: nowhere on Earth]"
    live = "live_period" in said
    return f"{'Live location' if live else 'Location'}: {geo.uri(found)}"


def _venue(said: Mapping[str, Any]) -> str:
    found = place_of({"venue": said})
    names = [p for p in (fields.line(said.get("title")), fields.line(said.get("address"))) if p]
    return " ".join([", ".join(names) or "A place", *([geo.uri(found)] if found is not None else [])])


def _poll(said: Mapping[str, Any]) -> str:
    kind = "Quiz" if said.get("type") == "quiz" else "Poll"
    options = [fields.line(fields.mapping(one).get("text")) for one in fields.listed(said.get("options"))[:_MOST]]
    return "\n".join([titled(kind, fields.line(said.get("question"), 300)), *(f"- {one}" for one in options)])


def _dice(said: Mapping[str, Any]) -> str:
    return f"{fields.line(said.get('emoji'), 8) or '🎲'} {fields.integer(said.get('value')) or '?'}"


def _checklist(said: Mapping[str, Any]) -> str:
    return "\n".join([titled("Checklist", said.get("title")), *(f"- {one}" for one in tasks(said.get("tasks")))])


def _game(said: Mapping[str, Any]) -> str:
    return titled("Game", said.get("title"), said.get("description"))


def _story(said: Mapping[str, Any]) -> str:
    return f"[A story of {who(said.get('chat'))}, which can be seen in Telegram apps]"


def _invoice(said: Mapping[str, Any]) -> str:
    return titled("Invoice", said.get("title"), said.get("description"), price(said))


def _paid_media(said: Mapping[str, Any]) -> str:
    kinds = [fields.mapping(one).get("type") for one in fields.listed(said.get("paid_media"))[:_MOST]]
    what = " and ".join(_PAID.get(str(kind), "something") for kind in kinds) or "something"
    cost = stars(said.get("star_count"))
    return f"[{what[0].upper()}{what[1:]} that can be seen in Telegram apps{f' for {cost}' if cost else ''}]"


def _giveaway(said: Mapping[str, Any]) -> str:
    prizes = prizes_of(said)
    drawn = moment(said.get("winners_selection_date"))
    ends = f", who are drawn at {drawn}" if drawn else ""
    where = f" Who takes part: members of {everybody(said.get('chats'))}." if fields.listed(said.get("chats")) else ""
    return f"[Giveaway: {prizes} for {several(said.get('winner_count'), 'winner')}{ends}.{where}]"


def _winners(said: Mapping[str, Any]) -> str:
    names = everybody(said.get("winners"), several(said.get("winner_count"), "person", "people"))
    return f"[Giveaway: {prizes_of(said)} have been won by {names}.]"


def prizes_of(said: Mapping[str, Any]) -> str:
    months = fields.positive(said.get("premium_subscription_month_count"))
    premium = f"{several(months, 'month')} of Telegram Premium" if months else ""
    found = [premium, stars(said.get("prize_star_count")), fields.line(said.get("prize_description"))]
    return " and ".join(one for one in found if one) or "prizes"


CONTENT: Mapping[str, Say] = {
    "venue": _venue, "location": _location, "contact": _contact, "poll": _poll, "dice": _dice, "game": _game,
    "story": _story, "invoice": _invoice, "checklist": _checklist, "paid_media": _paid_media, "giveaway": _giveaway,
    "giveaway_winners": _winners,
}  # fmt: skip
