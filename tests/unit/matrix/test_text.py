"""Matrix HTML becomes text with spans, and spans become Matrix HTML; whatever comes, quickly and without an error."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import Span, SpanKind
from connectors.matrix.text import html_of, spans_of
from tests.support.texts import CASES, formatted

B, I, CODE, PRE, QUOTE = SpanKind.BOLD, SpanKind.ITALIC, SpanKind.CODE, SpanKind.PRE, SpanKind.QUOTE  # noqa: E741

READ = {
    "nothing to show": ("plain", (), "<font>other</font>"),
    "bold": ("a bold word", ((2, 6, B),), "a <b>bold</b> word"),
    "strong": ("bold", ((0, 4, B),), "<STRONG class=x>bold</STRONG>"),
    "italic": ("x y", ((2, 3, I),), "x <em>y</em>"),
    "underline and strike": ("uv", ((0, 1, SpanKind.UNDERLINE), (1, 2, SpanKind.STRIKE)), "<u>u</u><del>v</del>"),
    "old strikes": ("uv", ((0, 1, SpanKind.STRIKE), (1, 2, SpanKind.STRIKE)), "<strike>u</strike><s>v</s>"),
    "nested": ("abc", ((0, 3, B), (1, 2, I)), "<b>a<i>b</i>c</b>"),
    "equally long": ("a", ((0, 1, B), (0, 1, I)), "<b><i>a</i></b>"),
    "crossing": ("abc", ((0, 2, B), (1, 2, I)), "<b>a<i>b</b>c</i>"),
    "unclosed": ("abc", ((0, 3, B),), "<b>abc"),
    "entities": ("<a> & é 😀 &nope; x", ((10, 16, B),), "&lt;a&gt; &amp; &eacute; &#x1F600; <b>&nope;</b> x"),
    "code points": ("😀😀b", ((2, 3, B),), "😀😀<b>b</b>"),
    "white space": ("a b c", ((2, 3, B),), " a\n\t <b> b </b>\n c "),
    "break": ("a\nb\n\nc", ((2, 3, B),), "a<br/><b>b</b><br><br />c<br>"),
    "paragraphs": ("a\n\nb\nc", ((3, 6, B),), "<p>a</p>\n<p><b>b<br>c</b></p>"),
    "unclosed paragraphs": ("a\n\nb", ((3, 4, B),), "<p>a<p><b>b</b>"),
    "heading": ("Top\n\ntext", ((0, 3, B),), "<h1>Top</h1>text"),
    "code": ("run x_y", ((4, 7, CODE),), "run <code>x_y</code>"),
    "preformatted": (
        "see\nif x:\n\n  y\ndone", ((4, 14, PRE, "python"),),
        'see<pre><code class="hljs language-python">if x:\n\n  y\n</code></pre>done',
    ),
    "wrong language": ("x", ((0, 1, PRE),), '<pre><code class="language-&quot;!">x</code></pre>'),
    "quote": ("q\nr\n\na", ((0, 3, QUOTE),), "<blockquote><p>q<br>r</p></blockquote>a"),
    "link": ("see it", ((4, 6, SpanKind.LINK, "https://a.example/?b&c"),), "see <a href='https://a.example/?b&amp;c'>it</a>"),
    "script link": ("it\n\nx", ((4, 5, B),), '<p><a href="javascript:alert(1)">it</a></p><b>x</b>'),
    "mention": (
        "Alice: hi", ((0, 5, SpanKind.MENTION, "@alice:example.org"),),
        '<a href="https://matrix.to/#/@alice:example.org?via=x">Alice</a>: hi',
    ),
    "escaped mention": (
        "A", ((0, 1, SpanKind.MENTION, "@a:b.example"),), '<a href="https://matrix.to/#/%40a%3Ab.example">A</a>',
    ),
    "mention by URI": (
        "A", ((0, 1, SpanKind.MENTION, "@a:b.example"),), '<a href="matrix:u/a:b.example?action=chat">A</a>',
    ),
    "room link": ("R", ((0, 1, SpanKind.LINK, "https://matrix.to/#/#r:b.c"),), '<a href="https://matrix.to/#/#r:b.c">R</a>'),
    "spoiler": ("x y", ((2, 3, SpanKind.SPOILER, "end"),), 'x <span data-mx-spoiler="end">y</span>'),
    "spoiler without a reason": ("y", ((0, 1, SpanKind.SPOILER),), "<span data-mx-spoiler>y</span>"),
    "lists": (
        "Buy:\n- a\n- b\n  3. c\n  4. d\nend", ((7, 8, B),),
        "Buy:<ul>\n<li><b>a</b></li>\n<li><p>b</p><ol start=3><li>c<li>d</ol></li></ul>end",
    ),
    "marker inside what is around it": ("- a", ((0, 3, QUOTE),), "<blockquote><ul><li>a</li></ul></blockquote>"),
    "line": ("a\n———\nb", ((6, 7, B),), "a<hr><b>b</b>"),
    "emoticon": ("hi :cat:", ((0, 2, B),), '<b>hi</b> <img data-mx-emoticon src="mxc://a/b" alt=":cat:">'),
    "details": ("More\nless", ((5, 9, I),), "<details><summary>More</summary><i>less</i></details>"),
    "table": ("a b\nc d", ((4, 5, B),), "<table><tr><td>a</td><td>b</td></tr><tr><td><b>c</b><td>d</table>"),
    "reply": ("b", ((0, 1, B),), "<mx-reply><blockquote>old <br>words</blockquote></mx-reply><b>b</b>"),
    "script": ("b", ((0, 1, B),), "<script>alert(1)</script><style>x</style><b>b</b>"),
    "comment": ("ab", ((1, 2, B),), "a<!-- <i>no</i> --><b>b</b><!-- the rest"),
    "no tag": ("1 < 2 <3 <b", ((0, 1, B),), "<b>1</b> < 2 <3 <b"),
    "quoted bracket": ("x", ((0, 1, B),), '<b title="a>b">x</b>'),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_html_reads_as_text_with_spans(case: str) -> None:
    text, spans, source = READ[case]

    assert spans_of("plain", source) == (text, tuple(Span(*span) for span in spans))


@pytest.mark.parametrize(
    "source",
    [
        "",
        "   ",
        "<b></b>",
        "<mx-reply>x</mx-reply>",
        "<b>" * 101 + "x",
        "<b>x</b>" * 10_000,
        "no formatting",
        None,
        3,
        {},
    ],
    ids=repr,
)
def test_useless_html_leaves_the_body(source: object) -> None:
    assert spans_of("the body", source) == ("the body", ())  # type: ignore[arg-type]


def test_html_is_the_text_when_there_is_no_body() -> None:
    assert spans_of("", "a<br>b") == ("a\nb", ())


def test_a_body_that_is_no_text_reads_as_none() -> None:
    assert spans_of(None, "") == ("", ())  # type: ignore[arg-type]


def test_what_stands_in_mx_reply_can_be_kept() -> None:
    assert spans_of("x", "<mx-reply><b>a</b></mx-reply>b", keep_quote=True) == ("ab", (Span(0, 1, B),))


def test_a_hundred_levels_are_read() -> None:
    text, spans = spans_of("x", "<b>" * 100 + "x")

    assert (text, len(spans)) == ("x", 100)


def test_of_more_marks_than_anybody_writes_the_body_is_shown() -> None:
    most = "<b>a</b> " * 500

    assert len(spans_of("the body", most)[1]) == 500
    assert spans_of("the body", f"{most}<i>b</i>") == ("the body", ())


HOSTILE = [
    "<!--", "<", "</", "<a", "<a b", "<a href='", '<a "', "<a '\"", "<!", "<?", "&", "&#", "&#9", "&amp", "<b", "<b>",
    "</b>", "<li>", "<ol><li>", "<p>", "<br>", "<i></b>", "<pre>\n", "<blockquote>", "\n", " ", "<td> ", "<a =",
    "<b a ", "<img>", "<hr>", "<a href=\"https://x.example\">x", "&#99999999;", "&#xD800;", "\0", "\ud800",
    "<x a=1 a=2>",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_hostile_html_is_read_in_linear_time(piece: str) -> None:
    source = "<b>x</b>" + (piece * 65_000)[:65_000]

    started = time.process_time()
    text, spans = spans_of("body", source)

    assert time.process_time() - started < 1.5
    assert_nested(text, spans)


def test_random_html_gives_spans_that_nest_and_can_be_written_again() -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    pieces = [
        *HOSTILE,
        "word",
        "<em>",
        "</em>",
        "</p>",
        "</li>",
        "</ol>",
        "</pre>",
        "<code>",
        "</code>",
        ">",
        '"',
        "'",
        "-->",
    ]

    for _ in range(1_500):
        source = "".join(chance.choices(pieces, k=chance.randrange(1, 40)))
        text, spans = spans_of("body", source)
        assert_nested(text, spans)
        assert (html_of(text, spans) is None) == (not spans)


def assert_nested(text: str, spans: tuple[Span, ...]) -> None:
    within: list[int] = []
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        while within and within[-1] <= span.start:
            within.pop()
        assert not within or span.end <= within[-1]
        within.append(span.end)


WRITTEN = {
    "bold": ("a <b>", ((2, 5, B),), "a <strong>&lt;b&gt;</strong>"),
    "nested": ("abc", ((1, 2, I), (0, 3, B)), "<strong>a<em>b</em>c</strong>"),
    "crossing": ("abc", ((0, 2, B), (1, 3, I)), "<strong>a<em>b</em></strong>c"),
    "beyond the end": ("abc", ((1, 99, B),), "a<strong>bc</strong>"),
    "lines": ("a\nb", ((0, 1, CODE),), "<code>a</code><br>b"),
    "quote": ("q\nr\na", ((0, 3, QUOTE),), "<blockquote>q<br>r</blockquote>a"),
    "program": ("x\n  y\nz", ((0, 5, PRE, "c++"),), '<pre><code class="language-c++">x\n  y</code></pre>z'),
    "no language": ("x", ((0, 1, PRE, '"><script>'),), "<pre><code>x</code></pre>"),
    "link": ("x", ((0, 1, SpanKind.LINK, 'https://a.example/"b&'),), '<a href="https://a.example/&quot;b&amp;">x</a>'),
    "xmpp link": ("x", ((0, 1, SpanKind.LINK, "xmpp:a@b.example"),), '<a href="xmpp:a@b.example">x</a>'),
    "mention": (
        "A", ((0, 1, SpanKind.MENTION, "@a/b:c.example"),), '<a href="https://matrix.to/#/@a%2Fb:c.example">A</a>',
    ),
    "spoiler": ("x", ((0, 1, SpanKind.SPOILER, '"'),), '<span data-mx-spoiler="&quot;">x</span>'),
    "several spaces": (" a  b c", ((6, 7, B),), "\u00a0a\u00a0 b <strong>c</strong>"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_spans_are_written_as_html(case: str) -> None:
    text, spans, wanted = WRITTEN[case]

    assert html_of(text, [Span(*span) for span in spans]) == wanted


@pytest.mark.parametrize(
    "span",
    [
        Span(0, 1, SpanKind.LINK, "javascript:alert(1)"),
        Span(0, 1, SpanKind.LINK, "https://a b"),
        Span(0, 1, SpanKind.MENTION, "romeo@home.example"),
        Span(-1, 1, B),
        Span(1, 1, B),
        Span(5, 9, B),
    ],
    ids=repr,
)
def test_what_cannot_be_shown_is_not_written(span: Span) -> None:
    assert html_of("abc", [span]) is None


def test_a_span_that_cannot_be_does_not_disturb_the_others() -> None:
    assert html_of("abc", [Span(-1, 2, B), Span(1, 2, I)]) == "a<em>b</em>c"


def test_text_without_spans_has_no_html() -> None:
    assert html_of("<a>", ()) is None


@pytest.mark.parametrize("case", [c for c in READ if c not in ("nothing to show", "lists", "line", "table", "details")])
def test_written_html_reads_the_same(case: str) -> None:
    text, spans = spans_of("plain", READ[case][2])

    assert spans_of("plain", html_of(text, spans) or "") == (text, spans)


def test_many_spans_are_written_quickly() -> None:
    spans = [Span(n, n + 1 + n % 7, B) for n in range(60_000)]

    started = time.process_time()
    written = html_of("x" * 60_000, spans)

    assert written is not None
    assert time.process_time() - started < 1.5


@CASES
@given(formatted((B, I, CODE, PRE, QUOTE, SpanKind.STRIKE, SpanKind.UNDERLINE, SpanKind.SPOILER)))
def test_html_that_is_written_says_what_the_text_says(given_: tuple[str, tuple[Span, ...]]) -> None:
    text, spans = given_

    written = html_of(text, spans)

    if written is not None:
        again, found = spans_of("", written)
        assert "".join(again.split()) == "".join(text.split())
        assert {span.kind for span in found} <= {span.kind for span in spans}
        assert all(0 <= span.start < span.end <= len(again) for span in found)


@CASES
@given(st.text(alphabet="<>/&;abipreuloqh1\"'= \n👍é", max_size=200))
def test_any_html_is_read_once_and_for_all(source: str) -> None:
    text, spans = spans_of("", source)

    again = spans_of("", html_of(text, spans) or "")

    assert not spans or "".join(again[0].split()) == "".join(text.split())
