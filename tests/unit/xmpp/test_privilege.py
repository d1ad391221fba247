"""What servers grant: which advertisements are believed, what is understood of them, and how long it holds."""

import asyncio
import logging
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.xmpp import carbons, privilege
from bridge.xmpp.privilege import NOTHING, PUBSUB, Grant, Privileges
from tests.unit.xmpp.known import ROMEO
from tests.unit.xmpp.server import Server, connected

GET_SET = frozenset({"get", "set"})
ALL_2 = (
    "<perm access='roster' type='both'/><perm access='message' type='outgoing'/>"
    f"<perm access='iq'><namespace ns='{PUBSUB}' type='both'/></perm>"
)
GRANT = Grant(2, GET_SET, message=True, pubsub=GET_SET)


def told(perms: str, sender: str = "example.org", version: int = 2, kind: str = "") -> Element:
    return fromstring(
        f"<message xmlns='jabber:component:accept' from='{sender}' to='matrix.example'{kind}>"
        f"<privilege xmlns='urn:xmpp:privilege:{version}'>{perms}</privilege></message>"
    )


@pytest.mark.parametrize(
    ("perms", "version", "grant"),
    [
        (ALL_2, 2, GRANT),
        (ALL_2.partition("<perm access='iq'>")[0], 1, Grant(1, GET_SET, message=True)),
        ("<perm access='roster' type='get'/>", 2, Grant(2, frozenset({"get"}))),
        ("<perm access='roster' type='none'/><perm access='message' type='none'/>", 1, Grant(1)),
        ("", 2, Grant(2)),
        # Debian's mod_privilege puts several namespaces into one another.
        (
            "<perm access='iq'><namespace ns='urn:x' type='get'>"
            f"<namespace ns='{PUBSUB}' type='set'/></namespace></perm>",
            2,
            Grant(2, pubsub=frozenset({"set"})),
        ),
    ],
)  # fmt: skip
def test_what_is_granted(perms: str, version: int, grant: Grant) -> None:
    assert privilege.read(told(perms, version=version)) == ("example.org", grant)


@pytest.mark.parametrize(
    "stanza",
    [
        told(ALL_2, f"{ROMEO}/phone"),
        told(ALL_2, ROMEO),
        told(ALL_2, "example.org/resource"),
        told(ALL_2, "example.org/romeo@example.org"),
        told(ALL_2, ""),
        told(ALL_2, kind=" type='error'"),
        told(ALL_2, version=3),
        fromstring(
            f"<message from='a.example'><x><privilege xmlns='urn:xmpp:privilege:2'>{ALL_2}</privilege></x></message>"
        ),
        fromstring("<message from='example.org'><privilege/><body>privilege</body></message>"),
    ],
)  # fmt: skip
def test_who_and_what_is_not_believed(stanza: Element) -> None:
    assert privilege.read(stanza) is None


@pytest.mark.parametrize(
    "perms",
    [
        "<perm/>",
        "<perm access='roster'/><perm type='both'/>",
        "<perm access='roster' type='everything'/><perm access='root' type='both'/>",
        "<perm access='message' type='incoming'/>",
        "<namespace ns='urn:other' type='both'/>",
        f"<perm access='iq'><namespace ns='{PUBSUB}'/></perm>",
        "<perm xmlns='urn:other' access='roster' type='both'/>",
        "text only",
    ],
)
def test_nonsense_grants_nothing(perms: str) -> None:
    assert privilege.read(told(perms)) == ("example.org", Grant(2))


def test_a_huge_advertisement_is_read_in_part() -> None:
    huge = "<perm access='x' type='y'/>" * 100_000
    advertisement = told(f"<perm access='message' type='outgoing'/>{huge}<perm access='roster' type='both'/>")

    assert privilege.read(advertisement) == ("example.org", Grant(2, message=True))


def test_a_server_grants_its_own_users_only() -> None:
    granted = Privileges("matrix")
    granted.heard("example.org", GRANT)

    assert granted.may(ROMEO, "message")
    assert not granted.may("romeo@elsewhere.example", "message")
    assert not granted.may("romeo@example.org.elsewhere.example", "message")
    assert not granted.may("example.org@elsewhere.example", "roster")
    assert granted.of("romeo@sub.example.org") == NOTHING


def test_other_servers_cannot_use_up_all_places() -> None:
    granted = Privileges("matrix")
    granted.heard("example.org", GRANT)
    for number in range(10_000):
        granted.heard(f"d{number}.example", GRANT)

    assert granted.may(ROMEO, "roster")
    assert not granted.may("eve@d9999.example", "roster")
    granted.heard("example.org", Grant(2))
    assert not granted.may(ROMEO, "roster")


def test_of_two_versions_the_later_counts() -> None:
    granted = Privileges("matrix")
    for grant in (Grant(1, message=True), GRANT, Grant(1)):
        granted.heard("example.org", grant)

    assert granted.of(ROMEO) == GRANT


def test_a_refusal_is_logged_once_and_lasts_for_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    granted = Privileges("matrix")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            granted.heard("example.org", GRANT)
            for _ in range(3):
                granted.refused(ROMEO, "roster", "internal-server-error")
            assert not granted.may(ROMEO, "roster")
            assert granted.may(ROMEO, "message")
            granted.forget()

    assert [r.getMessage() for r in caplog.records] == [
        "a privilege that is granted does not work network=matrix domain=example.org access=roster "
        "reason=internal-server-error: contacts are in people's contact lists only once they add them"
    ]


def test_a_refusal_of_one_thing_or_by_a_stranger_takes_nothing_away() -> None:
    granted = Privileges("matrix")
    granted.heard("example.org", GRANT)
    granted.refused(ROMEO, "message", "item-not-found")
    granted.refused("elsewhere.example", "message", "forbidden")

    assert granted.may(ROMEO, "message")


def test_what_the_operator_reads() -> None:
    granted = Privileges("matrix")
    how = "README, Privileges, says how to grant it."
    lost = privilege.WITHOUT
    assert granted.lines() == [f"The XMPP server does not grant {one}: {lost[one]}. {how}" for one in lost]
    granted.heard("b.example", GRANT)
    granted.heard("a.example", Grant(1, GET_SET, message=True))
    granted.refused("romeo@a.example", "roster", "internal-server-error")

    assert granted.lines() == [
        "a.example grants message, roster (XEP-0356).",
        f"a.example grants roster, but fails at it (internal-server-error): {lost['roster']}.",
        f"a.example does not grant iq: {lost['iq']}. {how}",
        "b.example grants message, roster, iq (XEP-0356).",
    ]


async def test_what_was_granted_ends_with_the_stream() -> None:
    server = Server()
    async with connected(server) as ends:
        assert await asyncio.wait_for(ends.changes.get(), 5)
        ends.stream.privileges.heard("example.org", GRANT)
        assert server.writer is not None
        server.writer.close()
        assert not await asyncio.wait_for(ends.changes.get(), 5)
        assert not ends.stream.privileges.may(ROMEO, "message")
        assert await asyncio.wait_for(ends.changes.get(), 5)

        assert ends.stream.privileges.of(ROMEO) == NOTHING


async def test_what_was_granted_to_a_stream_that_is_not_let_in_ends_with_it() -> None:
    """The domain is somebody else's: the connection ends before it counts as one."""
    server = Server(elsewhere={3})
    async with connected(server) as ends:
        await server.until(lambda: server.pings > 0)
        ends.stream.privileges.heard("example.org", GRANT)
        await server.until(lambda: server.connections > 1)

        assert ends.stream.privileges.of(ROMEO) == NOTHING


def test_only_marked_copies_are_ours() -> None:
    assert carbons.ours(fromstring("<message><body/><said xmlns='urn:landbridge:carbon:0'/></message>"))
    assert not carbons.ours(fromstring("<message><body/><x><said xmlns='urn:landbridge:carbon:0'/></x></message>"))
    assert not carbons.ours(fromstring("<message><said/></message>"))
