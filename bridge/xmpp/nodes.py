"""What is asked of users' own nodes at their server (XEP-0163), by privilege."""

from collections.abc import Mapping

from bridge.xmpp.privilege import PUBSUB


def wrapped(content: str) -> str:
    return f'<pubsub xmlns="{PUBSUB}">{content}</pubsub>'


def options(wanted: Mapping[str, str]) -> str:
    """How a node is to be that is published to (XEP-0060 #publisher-publish-options)."""
    fields = "".join(f'<field var="{name}"><value>{value}</value></field>' for name, value in wanted.items())
    kind = f'<field var="FORM_TYPE" type="hidden"><value>{PUBSUB}#publish-options</value></field>'
    return f'<publish-options><x xmlns="jabber:x:data" type="submit">{kind}{fields}</x></publish-options>'
