"""Names that people could take for each other look the same, and others do not."""

import pytest

from bridge.xmpp.looks import looks


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "Аnna"),  # Cyrillic
        ("paypal", "раураl"), ("Romeo", "RОMEО"), ("Juliet", "JuIiet"), ("modern", "rnodern"), ("Zoë", "Zoe"),
        ("anna", "ANNA"), ("p1", "pl"), ("ilia", "ILIA"), ("Anna B", "AnnaB"), ("𝐀nna", "Anna"),
    ],
)  # fmt: skip
def test_alike(one: str, other: str) -> None:
    assert looks(one) == looks(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "Hanna"), ("Anna", "Anna (2)"), ("Anna (2)", "Anna (3)"), ("王", "玉"), ("Иван", "Иванка"),
        ("אנה", "אנו"), ("가", "나"), ("あ", "お"), ("u", "v"), ("@a:x", "@b:x"),
    ],
)  # fmt: skip
def test_different(one: str, other: str) -> None:
    assert looks(one) != looks(other)


@pytest.mark.parametrize("name", ["", "\0", "\ud800", "a" * 1_000, "\u0301" * 50])
def test_nothing_breaks_it(name: str) -> None:
    assert looks(name) == looks(name)
