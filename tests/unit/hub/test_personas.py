"""How people are called where an account speaks for them."""

from bridge.contract import Contact, ContactId, NetworkId
from bridge.hub.facades import HOME
from bridge.hub.sessions import persona_of


def test_nobody_reads_the_whole_address_of_a_user_without_a_name() -> None:
    romeo = persona_of(HOME, Contact(ContactId("romeo@home.example")))
    assert (romeo.name, romeo.contact) == ("romeo", "romeo@home.example")


def test_whoever_has_a_name_is_called_by_it() -> None:
    occupant = Contact(ContactId("cafe@muc.example/one"), "Romeo")
    assert persona_of(HOME, occupant).name == "Romeo"
    anna = Contact(ContactId("@anna:far.example"))
    assert persona_of(NetworkId("far"), anna).name == ""
