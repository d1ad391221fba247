"""An echo tells nothing new once its receipt is on its way to the journal."""

from bridge.contract import ChatId, NetworkId
from bridge.hub.echoes import Echoes

HERE = (NetworkId("a"), "", ChatId("room"))


def test_what_a_receipt_has_named_is_known_there_and_nowhere_else() -> None:
    echoes = Echoes()

    echoes.submitted(HERE, ["$1", "$2"])

    assert echoes.known(HERE, "$1", 1)
    assert echoes.known(HERE, "$1", 1)  # another account of ours sees it as well
    assert not echoes.known(HERE, "$3", 1)
    assert not echoes.known((NetworkId("a"), "elsewhere.example", ChatId("room")), "$1", 1)
    assert not echoes.known((NetworkId("a"), "", ChatId("other")), "$1", 1)


def test_in_a_direct_chat_it_is_news_to_other_accounts() -> None:
    echoes = Echoes()

    echoes.submitted(HERE, ["$1"], 7)

    assert echoes.known(HERE, "$1", 7)
    assert not echoes.known(HERE, "$1", 8)


def test_only_the_last_are_remembered() -> None:
    echoes = Echoes()

    for number in range(10_000):
        echoes.submitted(HERE, [f"${number}"])

    assert echoes.known(HERE, "$9999", 1)
    assert not echoes.known(HERE, "$0", 1)
