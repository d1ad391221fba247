"""Logging in, logging out, finding people."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.contract import (
    Credentials,
    Form,
    LoggedOut,
    LoginRefused,
    Reason,
    Refused,
)
from bridge.testing.conformance.network import NetworkUnderTest, Way, connected, raises


class Person:
    """Somebody who logs in: types `answers` one after the other, and remembers what was asked and shown."""

    def __init__(self, *answers: Mapping[str, str]) -> None:
        self.forms: list[Form] = []
        self.shown: list[str] = []
        self._answers = list(answers)

    async def ask(self, form: Form) -> Mapping[str, str]:
        self.forms.append(form)
        if not self._answers:
            raise TypedEnough
        given = self._answers.pop(0)
        return {field.name: given.get(field.name, field.value) for field in form.fields}

    async def show(self, text: str) -> None:
        self.shown.append(text)


class TypedEnough(Exception):  # the person goes away
    """Nothing more is typed."""


async def _log_in(
    network: NetworkUnderTest, way: Way, *answers: Mapping[str, str]
) -> tuple[Credentials, Sequence[Form]]:
    person = Person(*answers)
    flow = next(flow for flow in network.connector.flows if flow.id == way.flow)
    async with asyncio.timeout(30):
        found = await network.connector.login(flow, person, network.workspace)
    return found, person.forms


class LoggingIn:
    """For every network on which users have accounts, by each way to log in."""

    async def test_every_way_is_tried_here_or_it_is_said_where(self, network: NetworkUnderTest) -> None:
        offered = {flow.id for flow in network.connector.flows}

        assert offered
        assert {way.flow for way in network.ways} | {*network.elsewhere} == offered
        for flow, where in network.elsewhere.items():
            sys.stdout.write(f"not logged in here by {flow}: {where}\n")

    async def test_the_right_answers_give_credentials_that_connect(self, network: NetworkUnderTest) -> None:
        for way in network.ways:
            found, _ = await _log_in(network, way, way.right)

            account = replace(network.account, me=found.me, secret=found.secret)
            async with network.connector.connect(account, network.workspace) as session:
                assert session.me.id == found.me

    async def test_what_is_wrong_is_asked_again_with_the_reason(self, network: NetworkUnderTest) -> None:
        for way in network.ways:
            found, forms = await _log_in(network, way, way.wrong, way.right)

            assert found.secret
            assert len(forms) == 2
            assert forms[1].text != forms[0].text
            assert forms[1].text.endswith(".")
            assert [field.name for field in forms[0].fields] == [field.name for field in forms[1].fields]

    async def test_only_wrong_answers_give_nothing(self, network: NetworkUnderTest) -> None:
        for way in network.ways:
            gave_up: list[Exception] = []
            try:
                await _log_in(network, way, way.wrong)
            except (TypedEnough, LoginRefused) as error:
                gave_up.append(error)

            assert gave_up, way.flow

    async def test_what_is_secret_is_marked_and_not_proposed(self, network: NetworkUnderTest) -> None:
        for way in network.ways:
            _, forms = await _log_in(network, way, way.wrong, way.right)

            secrets = [field for form in forms for field in form.fields if field.secret]
            assert secrets, "some field is secret"
            assert all(not field.value for field in secrets)

    async def test_credentials_do_not_show_in_logs(self, network: NetworkUnderTest) -> None:
        for way in network.ways:
            found, _ = await _log_in(network, way, way.right)

            assert not any(secret and secret in repr(found) for secret in found.secret.values())

    async def test_logged_out_credentials_are_no_longer_accepted(self, network: NetworkUnderTest) -> None:
        for way in network.ways:
            found, _ = await _log_in(network, way, way.right)
            account = replace(network.account, me=found.me, secret=found.secret)

            await network.connector.log_out(account, network.workspace)

            if getattr(network, "credentials_stay", False):  # they are the person's own, and nobody else can end them
                async with network.connector.connect(account, network.workspace) as session:
                    assert session.me.id == found.me
                continue
            async with raises(LoggedOut) as ended, network.connector.connect(account, network.workspace):
                pass
            assert ended[0].text.endswith(".")

    async def test_people_are_called_as_they_can_be_typed(self, network: NetworkUnderTest) -> None:
        connector = network.connector

        for contact in (network.account.me, network.somebody):
            assert connector.contact(connector.localpart(contact)) == contact
        assert connector.contact("") is None


class Opening:
    """For every network with direct chats."""

    async def test_a_direct_chat_is_opened_once(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            first = await session.direct(network.somebody, "conformance-1")
            again = await session.direct(network.somebody, "conformance-1")
            other = await session.direct(network.somebody, "conformance-2")

        assert first == again == other
        assert first != network.room

    async def test_nobody_is_not_found(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, raises(Refused) as refused:
            await session.direct(network.nobody, "conformance-1")

        assert refused[0].reason is Reason.NOT_FOUND

    async def test_who_has_a_direct_chat_is_a_contact(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            before = {contact.id for contact in await session.contacts()}
            await session.direct(network.somebody, "conformance-1")
            after = {contact.id for contact in await session.contacts()}

        assert network.somebody not in before
        assert network.somebody in after
