"""Who is mentioned: people of other networks, as the users that we make for them are called, both ways. Pure."""

from collections.abc import Callable
from dataclasses import replace

from bridge.contract import (
    ContactId,
    Edit,
    Event,
    Message,
    MessageEdited,
    MessageReceived,
    NetworkId,
    Person,
    Refused,
    Send,
    Span,
    SpanKind,
)
from connectors.matrix.relay.registration import Registration


def said(event: Event, registration: Registration) -> Event:
    """What somebody on Matrix has said; whoever is one of our users is meant as who they are."""

    def meant(span: Span) -> Span:
        person = registration.person(span.value) if not span.network else None
        return span if person is None else replace(span, value=person.id, network=person.network)

    if isinstance(event, MessageReceived | MessageEdited):
        return replace(event, message=_spans(event.message, meant))
    return event


def saying(action: Send | Edit, registration: Registration) -> Send | Edit:
    """What is said on Matrix; who has a user there, or can have one, is called so."""

    def called(span: Span) -> Span:
        if not span.network:
            return span
        try:
            user = registration.user(Person(NetworkId(span.network), ContactId(span.value)))
        except Refused:
            return span
        return replace(span, value=user, network="")

    return replace(action, message=_spans(action.message, called))


def _spans(message: Message, change: Callable[[Span], Span]) -> Message:
    if all(span.kind is not SpanKind.MENTION for span in message.spans):
        return message
    return replace(message, spans=tuple(change(one) if one.kind is SpanKind.MENTION else one for one in message.spans))
