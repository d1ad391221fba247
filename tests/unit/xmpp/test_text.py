"""Text for the wire: legal, escaped, cut."""

import random
from xml.etree import ElementTree

import pytest

from bridge.xmpp import text


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert text.escape("a\0b\ud800<&>\x0b\ufffe\r\n\U0001f600") == "a\ufffdb\ufffd&lt;&amp;&gt;\ufffd\ufffd\n\U0001f600"


@pytest.mark.parametrize("given", ["", "plain", 'a "quoted" <tag> & more', "tab\there", "line\nbreak", "ünï\U0001f600"])
def test_what_is_escaped_reads_back(given: str) -> None:
    element = ElementTree.fromstring(f'<a b="{text.attribute(given)}">{text.escape(given)}</a>')
    assert (element.text or "", element.get("b")) == (given, given)


def test_pieces_fit_and_make_the_whole() -> None:
    chance = random.Random(3)
    for _ in range(200):
        whole = "".join(chance.choice("ab &<\n\U0001f600ü") for _ in range(chance.randrange(0, 400)))
        budget = chance.randrange(8, 100)
        pieces = text.split(whole, budget)
        assert "".join(pieces) == whole
        assert all(text.size(piece) <= budget for piece in pieces)
        assert len(pieces) == 1 or all(pieces)


def test_text_is_cut_after_a_word_or_a_line() -> None:
    assert text.split("one two three four", 10) == ["one two ", "three four"]
    assert text.split("one two\nthree", 10) == ["one two\n", "three"]
