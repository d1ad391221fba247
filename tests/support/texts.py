"""Texts and formatting for property tests: with emoji, combining marks, right-to-left, astral characters, and whatever
means something to a network."""

from hypothesis import settings
from hypothesis import strategies as st

from bridge.contract import Span, SpanKind
from tests.conftest import FULL

CASES = settings(max_examples=10_000 if FULL else 200, deadline=None)
_LETTERS = "ab  \n\n*_~`>/@:<&#-1👍👩\u200d\u0301é\u202eא𝒳\u00a0\ufe0f"
STYLES = (SpanKind.BOLD, SpanKind.ITALIC, SpanKind.STRIKE, SpanKind.CODE, SpanKind.PRE, SpanKind.QUOTE)
texts = st.text(alphabet=_LETTERS, max_size=60) | st.text(max_size=60)


@st.composite
def formatted(draw: st.DrawFn, kinds: tuple[SpanKind, ...] = STYLES) -> tuple[str, tuple[Span, ...]]:
    """A text, and spans over it that may cross."""
    text = draw(texts)
    places = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(places, places, st.sampled_from(kinds)), max_size=5))
    return text, tuple(Span(start, end, kind) for start, end, kind in spans if start < end)
