"""Whose words a bot says: a profile for apps that know it (MSC4144), the name before the text for all others."""

from bridge.contract import ChatId, Edit, Message, MessageId, NetworkId, Persona, Send, Span, SpanKind, Target
from connectors.matrix.bot.profiles import PROFILE, profiled
from connectors.matrix.speaking import content

ROMEO = Persona(key="xmpp:romeo@home.example", network=NetworkId("xmpp"), contact="romeo@home.example", name="Romeo <3")
MARKED = "<strong data-mx-profile-fallback>Romeo &lt;3: </strong>"


def said(text: str, *spans: Span) -> dict[str, object]:
    action = Send(chat=ChatId("!r:h"), key="k", message=Message(text, spans), persona=ROMEO)
    return dict(profiled(content(action), ROMEO))


def test_the_name_stands_in_the_profile_and_before_the_text() -> None:
    found = said("Romeo <3: But soft!\nWhat light")
    profile = found[PROFILE]
    assert isinstance(profile, dict)
    assert (profile["displayname"], profile["has_fallback"]) == ("Romeo <3", True)
    assert found["body"] == "Romeo <3: But soft!\nWhat light"
    assert found["formatted_body"] == f"{MARKED}But soft!<br>What light"


def test_what_is_formatted_stays_so() -> None:
    found = said("Romeo <3: But soft!", Span(10, 13, SpanKind.BOLD))
    assert found["formatted_body"] == f"{MARKED}<strong>But</strong> soft!"


def test_further_parts_have_the_profile_alone() -> None:
    found = said("What light")
    assert found[PROFILE] == {k: v for k, v in said("x")[PROFILE].items() if k != "has_fallback"}  # type: ignore[attr-defined]
    assert "formatted_body" not in found


def test_an_edit_has_it_within_and_without() -> None:
    action = Edit(
        chat=ChatId("!r:h"), key="k", message=Message("Romeo <3: Hark"), persona=ROMEO,
        target=Target((MessageId("$1"),)),
    )  # fmt: skip
    found = profiled(content(action), ROMEO)
    new = found["m.new_content"]
    assert new["formatted_body"] == f"{MARKED}Hark"
    assert new[PROFILE]["has_fallback"] is True
    assert "has_fallback" not in found[PROFILE]  # what apps that know no edits show begins with an asterisk


def test_nobody_learns_by_a_profile_what_somebody_is_called_elsewhere() -> None:
    assert "home.example" not in str(said("Romeo <3: Hark"))
