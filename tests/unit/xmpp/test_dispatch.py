"""What arrives, sorted: who answers, who is left alone, and that nobody takes all there is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ChatId, Event, MessageReceived
from bridge.hub.facades import Caller
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.dispatch import Dispatcher
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.reception import Reception
from bridge.xmpp.questions import Question
from tests.unit.xmpp.known import DOMAIN, GATEWAY, ROMEO, AvatarsByHeart, KnownByHeart, RoomsByHeart, own_link

PHONE, JULIET = f"{ROMEO}/phone", f"juliet@{DOMAIN}"


@dataclass
class Everything:
    """Whom the dispatcher hands things to, and who answers questions."""

    events: list[Event] = field(default_factory=list)
    bounces: list[ChatId] = field(default_factory=list)
    sent: list[Element] = field(default_factory=list)
    lines: list[tuple[Caller, str]] = field(default_factory=list)
    presences: list[Element] = field(default_factory=list)
    from_servers: list[Element] = field(default_factory=list)
    answers: list[Element] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def report(self, event: Event) -> None:
        self.events.append(event)

    def bounced(self, chat: ChatId, stanza: Element) -> None:
        self.bounces.append(chat)

    def server_said(self, gateway: Gateway, stanza: Element) -> bool:
        self.from_servers.append(stanza)
        return stanza.get("id") == "for us"

    def answered(self, gateway: Gateway, stanza: Element) -> None:
        self.answers.append(stanza)

    def send(self, gateway: Gateway, stanza: str) -> None:
        self.sent.append(fromstring(stanza))
        self.news.set()

    async def command(self, caller: Caller, line: str) -> str:
        self.lines.append((caller, line))
        await self.may_answer.wait()
        if line == "break":
            raise KeyError(line)
        return f"<{line}>"

    async def presence(self, stanza: Element) -> None:
        self.presences.append(stanza)
        self.news.set()
        if stanza.get("id") == "break":
            raise KeyError

    async def answer(self, question: Question) -> str:
        await self.may_answer.wait()
        match question.payload.text:
            case "refuse":
                raise StanzaError("forbidden", "No.")
            case "break":
                raise KeyError
        return "<yes/>"

    async def until_sent(self, count: int) -> list[Element]:
        async with asyncio.timeout(5):
            while len(self.sent) < count:
                self.news.clear()
                await self.news.wait()
        return self.sent

    def conditions(self) -> list[str]:
        return [error[0].tag.rpartition("}")[2] for stanza in self.sent if (error := stanza.find("error")) is not None]


@pytest.fixture
def all_of_it() -> Everything:
    made = Everything()
    made.may_answer.set()
    return made


@pytest.fixture
async def dispatcher(addresses: Addresses, all_of_it: Everything) -> AsyncIterator[Dispatcher]:
    rooms, people = RoomsByHeart(), KnownByHeart()
    house = House(addresses, rooms, lambda network, stanza: all_of_it.send(GATEWAY, stanza), own_link, AvatarsByHeart())
    reception = Reception(house, rooms, rooms, people, 65_536)
    made = Dispatcher(addresses, all_of_it, reception, {("get", "{urn:question}q"): all_of_it.answer})
    yield made
    await made.close()
    await reception.close()


def receive(dispatcher: Dispatcher, xml: str) -> None:
    dispatcher.received(GATEWAY, fromstring(xml))


async def test_a_message_to_a_contact_is_an_event(dispatcher: Dispatcher, all_of_it: Everything) -> None:
    receive(dispatcher, f"<message xmlns='jabber:client' from='{PHONE}' to='{JULIET}' id='1'><body>hi</body></message>")

    [event] = all_of_it.events
    assert isinstance(event, MessageReceived)
    assert (event.chat, event.message.text) == (f"{ROMEO} {JULIET}", "hi")


async def test_a_bounce_is_handed_on_and_never_answered(dispatcher: Dispatcher, all_of_it: Everything) -> None:
    receive(dispatcher, f"<message type='error' from='{PHONE}' to='{JULIET}' id='1'/>")
    receive(dispatcher, f"<message type='error' from='{PHONE}' to='{DOMAIN}' id='1'/>")
    receive(dispatcher, f"<message type='error' from='{PHONE}' to='nobody.here@{DOMAIN}' id='1'/>")
    receive(dispatcher, f"<iq type='error' from='{PHONE}' to='{JULIET}' id='1'/>")
    receive(dispatcher, f"<iq type='result' from='{PHONE}' to='nobody.here@{DOMAIN}' id='1'/>")

    assert all_of_it.bounces == [f"{ROMEO} {JULIET}", f"{ROMEO} {DOMAIN}"]
    assert all_of_it.sent == []


@pytest.mark.parametrize(
    ("xml", "condition"),
    [
        ("<iq type='get' id='1' from='{0}' to='{1}'><q xmlns='urn:other'/></iq>", "service-unavailable"),
        ("<iq type='set' id='1' from='{0}' to='{1}'><q xmlns='urn:question'/></iq>", "service-unavailable"),
        ("<iq type='get' id='1' from='{0}' to='{1}'/>", "bad-request"),
        ("<iq type='dance' id='1' from='{0}' to='{1}'><q xmlns='urn:question'/></iq>", "bad-request"),
        ("<iq type='get' id='1' from='{0}' to='x.y@matrix.example'><q xmlns='urn:question'/></iq>", "item-not-found"),
        ("<iq type='get' id='1' from='{0}' to='x y@matrix.example'><q xmlns='urn:question'/></iq>", "jid-malformed"),
        ("<iq type='get' id='1' from='{0}' to='{1}'><q xmlns='urn:question'>refuse</q></iq>", "forbidden"),
        ("<iq type='get' id='1' from='{0}' to='{1}'><q xmlns='urn:question'>break</q></iq>", "internal-server-error"),
        ("<message id='1' from='{0}' to='x.y@matrix.example'/>", "item-not-found"),
        ("<message id='1' from='{0}' to='{2}' xmlns='jabber:client'><body>break</body></message>",
         "internal-server-error"),
        ("<message id='1' from='robot.example' to='{2}' xmlns='jabber:client'><body>x</body></message>", "not-allowed"),
    ],
)  # fmt: skip
async def test_what_cannot_be_answered_gets_an_error_with_its_id(
    dispatcher: Dispatcher, all_of_it: Everything, xml: str, condition: str
) -> None:
    receive(dispatcher, xml.format(PHONE, JULIET, DOMAIN))

    [stanza] = await all_of_it.until_sent(1)
    assert all_of_it.conditions() == [condition]
    assert (stanza.get("type"), stanza.get("id")) == ("error", "1")
    assert stanza.get("to") in (PHONE, "robot.example")


async def test_an_answer_comes_from_the_address_that_was_asked(dispatcher: Dispatcher, all_of_it: Everything) -> None:
    receive(dispatcher, f"<iq type='get' id='&amp;' from='{PHONE}' to='{JULIET}/any'><q xmlns='urn:question'/></iq>")

    [stanza] = await all_of_it.until_sent(1)
    assert stanza.attrib == {"type": "result", "id": "&", "from": f"{JULIET}/any", "to": PHONE}


async def test_one_user_cannot_take_all_questions(dispatcher: Dispatcher, all_of_it: Everything) -> None:
    all_of_it.may_answer.clear()
    question = "<iq type='get' id='{1}' from='{0}' to='matrix.example'><q xmlns='urn:question'/></iq>"
    for number in range(30):
        receive(dispatcher, question.format(PHONE, number))
    receive(dispatcher, question.format("paris@example.org/x", "other"))
    assert all_of_it.conditions() == ["resource-constraint"] * 10

    all_of_it.may_answer.set()
    await all_of_it.until_sent(31)
    assert len(all_of_it.conditions()) == 10
    receive(dispatcher, question.format(PHONE, "again"))
    assert (await all_of_it.until_sent(32))[-1].get("type") == "result"


async def test_lines_to_the_gateway_are_answered_one_after_the_other(
    dispatcher: Dispatcher, all_of_it: Everything
) -> None:
    for number in range(3):
        receive(
            dispatcher,
            f"<message xmlns='jabber:client' id='m{number}' from='{PHONE}' to='{DOMAIN}'><body>{number}</body>"
            "<request xmlns='urn:xmpp:receipts'/></message>",
        )
    sent = await all_of_it.until_sent(3)

    assert [stanza.findtext("body") for stanza in sent] == ["<0>", "<1>", "<2>"]
    receipts = [stanza.find("{urn:xmpp:receipts}received") for stanza in sent]
    assert [receipt.get("id") for receipt in receipts if receipt is not None] == ["m0", "m1", "m2"]


async def test_gateways_do_not_talk_to_each_other(dispatcher: Dispatcher, all_of_it: Everything) -> None:
    for inner in ("", "<body>hello</body>"):
        receive(dispatcher, f"<message xmlns='jabber:client' from='{JULIET}' to='{DOMAIN}'>{inner}</message>")
    receive(dispatcher, f"<message xmlns='jabber:client' type='headline' from='{PHONE}' to='{DOMAIN}'>"
                        "<body>news</body></message>")  # fmt: skip
    await asyncio.sleep(0)

    assert (all_of_it.lines, all_of_it.sent) == ([], [])


async def test_a_flood_of_lines_is_stopped(dispatcher: Dispatcher, all_of_it: Everything) -> None:
    all_of_it.may_answer.clear()
    for _ in range(30):
        receive(dispatcher, f"<message xmlns='jabber:client' from='{PHONE}' to='{DOMAIN}'><body>x</body></message>")

    assert all_of_it.conditions() == ["resource-constraint"] * 10


async def test_presences_are_taken_in_order_and_one_that_breaks_ends_nothing(
    dispatcher: Dispatcher, all_of_it: Everything
) -> None:
    for id in ("1", "break", "2"):
        receive(dispatcher, f"<presence from='{PHONE}' to='{DOMAIN}' id='{id}'/>")
    async with asyncio.timeout(5):
        while len(all_of_it.presences) < 3:
            all_of_it.news.clear()
            await all_of_it.news.wait()

    assert [stanza.get("id") for stanza in all_of_it.presences] == ["1", "break", "2"]


def dispatched(all_of_it: Everything, dispatcher: Dispatcher, sender: str, inner: str, **more: str) -> None:
    attributes = "".join(f" {name}='{value}'" for name, value in more.items())
    stanza = f"<message xmlns='jabber:component:accept' from='{sender}'{attributes}>{inner}</message>"
    dispatcher.received(GATEWAY, fromstring(stanza))


PRIVILEGE = "<privilege xmlns='urn:xmpp:privilege:2'><perm access='message' type='outgoing'/></privilege>"
MARK = "<body>hi</body><said xmlns='urn:landbridge:carbon:0'/>"


async def test_only_a_server_itself_tells_what_it_grants(all_of_it: Everything, dispatcher: Dispatcher) -> None:
    for sender in (PHONE, ROMEO, "example.org/x"):
        dispatched(all_of_it, dispatcher, sender, PRIVILEGE, to=DOMAIN)
    assert all_of_it.from_servers == []

    dispatched(all_of_it, dispatcher, "example.org", PRIVILEGE, to=DOMAIN, id="for us")
    assert [stanza.get("id") for stanza in all_of_it.from_servers] == ["for us"]
    assert all_of_it.sent == []


async def test_what_we_said_in_a_users_name_is_not_heard_again(all_of_it: Everything, dispatcher: Dispatcher) -> None:
    dispatched(all_of_it, dispatcher, ROMEO, MARK, to=JULIET, type="chat", id="1")
    assert all_of_it.events == []

    dispatched(all_of_it, dispatcher, PHONE, MARK, to=JULIET, type="chat", id="2")
    dispatched(all_of_it, dispatcher, ROMEO, "<body>hi</body>", to=JULIET, type="chat", id="3")
    assert [getattr(event, "id", "") for event in all_of_it.events] == ["2", "3"]


async def test_answers_go_to_who_asked(all_of_it: Everything, dispatcher: Dispatcher) -> None:
    for kind in ("result", "error"):
        dispatcher.received(GATEWAY, fromstring(f"<iq type='{kind}' from='{ROMEO}' to='{DOMAIN}' id='ask'/>"))

    assert [stanza.get("type") for stanza in all_of_it.answers] == ["result", "error"]
