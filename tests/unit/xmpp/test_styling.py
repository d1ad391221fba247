"""Message styling (XEP-0393): what is read gives the same body again, and what is plain is never reinterpreted."""

import time

import pytest
from hypothesis import given

from bridge.contract import Span, SpanKind
from bridge.xmpp import styling
from tests.support.texts import CASES, formatted, texts

BOLD, ITALIC, STRIKE, CODE = SpanKind.BOLD, SpanKind.ITALIC, SpanKind.STRIKE, SpanKind.CODE
PRE, QUOTE = SpanKind.PRE, SpanKind.QUOTE
STYLED = {
    "*bold* x _it_ ~s~ `c*d*`": ("bold x it s c*d*", [(0, 4, BOLD), (7, 9, ITALIC), (10, 11, STRIKE), (12, 16, CODE)]),
    "*a _b c_*": ("a b c", [(0, 5, BOLD), (2, 5, ITALIC)]),
    "*_x_*": ("x", [(0, 1, BOLD), (0, 1, ITALIC)]),
    "_*x*_": ("x", [(0, 1, ITALIC), (0, 1, BOLD)]),
    "> q\nans": ("q\nans", [(0, 1, QUOTE)]),
    "> q\n> *b*\nx": ("q\nb\nx", [(0, 3, QUOTE), (2, 3, BOLD)]),
    "> > deep\n> one\nzero": ("deep\none\nzero", [(0, 8, QUOTE), (0, 4, QUOTE)]),
    "```\nx = *1*\n```\nafter": ("x = *1*\nafter", [(0, 7, PRE)]),
    "> ```\n> code\n> ```": ("code", [(0, 4, QUOTE), (0, 4, PRE)]),
}  # fmt: skip
PLAIN = ["2*3*4", "plain * text", "* no*", "*no *", "**", "****", "**x**", "```\nunclosed", "a_b_c", ">nospace", "_\n_"]


@pytest.mark.parametrize(("body", "meant"), STYLED.items())
def test_what_is_styled(body: str, meant: tuple[str, list[tuple[int, int, SpanKind]]]) -> None:
    text, spans = styling.read(body)

    assert (text, [(span.start, span.end, span.kind) for span in spans]) == meant
    assert styling.write(text, spans).body == body


@pytest.mark.parametrize("body", PLAIN)
def test_what_is_plain(body: str) -> None:
    assert styling.read(body) == (body, ())


def test_a_code_block_has_a_language() -> None:
    assert styling.read("```python\nx\n```") == ("x", (Span(0, 1, PRE, "python"),))


@pytest.mark.parametrize(
    ("text", "span", "body", "unstyled"),
    [
        ("*x*", None, "*x*", True),
        ("> x", None, "> x", True),
        ("/me > x", None, "/me > x", True),
        ("2*3*4", None, "2*3*4", False),
        ("one\ntwo", Span(0, 7, BOLD), "*one*\n*two*", False),
        ("so bold ", Span(2, 8, BOLD), "so *bold* ", False),
        ("midword", Span(1, 3, BOLD), "midword", True),
        ("use *args and bold", Span(14, 18, BOLD), "use *args and bold", True),
        ("> said\n*x* bold", Span(7, 10, QUOTE), "> said\n*x* bold", True),
        ("x", Span(0, 9, BOLD), "*x*", False),
        ("", Span(0, 0, BOLD), "", False),
    ],
)
def test_what_styling_cannot_say_is_shown_as_it_is(text: str, span: Span | None, body: str, unstyled: bool) -> None:
    written = styling.write(text, (span,) if span else ())

    assert (written.body, written.unstyled) == (body, unstyled)


@CASES
@given(texts)
def test_every_body_comes_back_as_it_was(body: str) -> None:
    text, spans = styling.read(body)

    assert styling.write(text, spans).body == body


@CASES
@given(formatted())
def test_a_text_is_read_as_it_was_meant_or_not_at_all(given_: tuple[str, tuple[Span, ...]]) -> None:
    text, spans = given_

    written = styling.write(text, spans)

    assert all(written.body[written.place(at)] == letter for at, letter in enumerate(text))
    assert all(written.origin(written.place(at)) == at for at in range(len(text)))
    if not written.unstyled:
        assert styling.read(written.body)[0] == text


@pytest.mark.parametrize(
    "body", ["*a " * 30_000, "*" * 90_000, "> " * 40_000, ">" * 90_000, "```\n" * 20_000, "_*" * 40_000]
)
def test_reading_takes_no_longer_than_it_should(body: str) -> None:
    begun = time.process_time()
    styling.read(body)
    assert time.process_time() - begun < 5


def test_more_formatting_than_anybody_means_is_none() -> None:
    body = " ".join(["`x`"] * 1_001)
    assert styling.read(body) == (body, ())
    assert len(styling.read(body[4:])[1]) == 1_000

    written = styling.write("x " * 1_500, [Span(2 * n, 2 * n + 1, SpanKind.CODE) for n in range(1_500)])
    assert (written.body.count("`x`"), written.unstyled) == (1_000, False)
