"""Logging in, logging out, finding people."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.contract import (
    Account,
    Credentials,
    Flow,
    Form,
    LoggedOut,
    LoginRefused,
    Reason,
    Refused,
)
from bridge.testing.conformance.network import NetworkUnderTest, connected, raises


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


def _flow(network: NetworkUnderTest) -> Flow:
    return next(flow for flow in network.connector.flows if flow.id == network.flow)


async def _log_in(network: NetworkUnderTest, *answers: Mapping[str, str]) -> tuple[Credentials, Sequence[Form]]:
    person = Person(*answers)
    async with asyncio.timeout(30):
        found = await network.connector.login(_flow(network), person, network.workspace)
    return found, person.forms


class LoggingIn:
    """For every network on which users have accounts."""

    async def test_the_right_answers_give_credentials_that_connect(self, network: NetworkUnderTest) -> None:
        found, _ = await _log_in(network, network.right)

        account = Account(network.account.id, network.account.network, network.account.user, found.me, found.secret)
        async with network.connector.connect(account, network.workspace) as session:
            assert session.me.id == found.me

    async def test_a_wrong_password_is_asked_again_with_the_reason(self, network: NetworkUnderTest) -> None:
        found, forms = await _log_in(network, network.wrong, network.right)

        assert found.secret
        assert len(forms) == 2
        assert forms[1].text != forms[0].text
        assert forms[1].text.endswith(".")
        assert [field.name for field in forms[0].fields] == [field.name for field in forms[1].fields]

    async def test_only_wrong_answers_give_nothing(self, network: NetworkUnderTest) -> None:
        person = Person(network.wrong)
        gave_up: list[Exception] = []
        try:
            await network.connector.login(_flow(network), person, network.workspace)
        except (TypedEnough, LoginRefused) as error:
            gave_up.append(error)

        assert gave_up
        assert person.forms

    async def test_what_is_secret_is_marked_and_not_proposed(self, network: NetworkUnderTest) -> None:
        _, forms = await _log_in(network, network.wrong, network.right)

        secrets = [field for form in forms for field in form.fields if field.secret]
        assert secrets, "some field is secret"
        assert all(not field.value for field in secrets)

    async def test_credentials_do_not_show_in_logs(self, network: NetworkUnderTest) -> None:
        found, _ = await _log_in(network, network.right)

        assert not any(secret and secret in repr(found) for secret in found.secret.values())

    async def test_logged_out_credentials_are_no_longer_accepted(self, network: NetworkUnderTest) -> None:
        found, _ = await _log_in(network, network.right)
        account = replace(network.account, me=found.me, secret=found.secret)

        await network.connector.log_out(account, network.workspace)

        if getattr(network, "credentials_stay", False):  # they are the person's own, and nobody else can end them
            async with network.connector.connect(account, network.workspace) as session:
                assert session.me.id == found.me
            return
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
