"""Edits of what was taken back before we heard of it: nobody is told of them.

A message that was redacted while we were away comes without its content and says nothing, but its edits may still have
theirs: said as messages of their own, they would bring back what its author took back.
Source: client-server API #redactions-of-edited-events.
"""

from collections import OrderedDict

from connectors.matrix import fields
from connectors.matrix.events import KEY, redacted

_KEPT = 10_000  # events


class Gone:
    """What was redacted when it came; of one session."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def has(self, raw: object) -> bool:
        """Whether `raw` is an edit of one of those. One that bears our key is an echo, which is waited for."""
        event = fields.mapping(raw)
        if redacted(event):
            id = fields.event_id(event.get("event_id"))
            if id is not None:
                self._ids[id] = None
                if len(self._ids) > _KEPT:
                    self._ids.popitem(last=False)
            return False
        content = fields.mapping(event.get("content"))
        relation = fields.mapping(content.get("m.relates_to"))
        target = fields.event_id(relation.get("event_id"))
        return relation.get("rel_type") == "m.replace" and KEY not in content and target in self._ids
