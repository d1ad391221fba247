"""Text for the wire: legal, escaped, cut."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from bridge.xmpp import text
from tests.support.texts import CASES, texts


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert text.escape("a\0b\ud800<&>\x0b\ufffe\r\n\U0001f600") == "a\ufffdb\ufffd&lt;&amp;&gt;\ufffd\ufffd\n\U0001f600"


@CASES
@given(texts)
def test_what_is_escaped_reads_back(some: str) -> None:
    said = text.legal(some)
    element = ElementTree.fromstring(f'<a b="{text.attribute(some)}">{text.escape(some)}</a>')
    assert (element.text or "", element.get("b")) == (said, said)


@CASES
@given(texts, st.integers(8, 100), st.integers(1, 8))
def test_pieces_fit_and_make_the_whole(some: str, budget: int, times: int) -> None:
    whole = text.legal(some) * times
    pieces = text.split(whole, budget)

    assert "".join(pieces) == whole
    assert all(text.size(piece) <= budget for piece in pieces)
    assert len(pieces) == 1 or all(pieces)


def test_text_is_cut_after_a_word_or_a_line() -> None:
    assert text.split("one two three four", 10) == ["one two ", "three four"]
    assert text.split("one two\nthree", 10) == ["one two\n", "three"]
