"""The table of plays names tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
TABLE = (TESTS / "scenarios" / "README.md").read_text()


def test_every_test_that_the_table_names_is_there() -> None:
    names = set(re.findall(r"`([\w/]+\.py)`", TABLE))

    assert len(names) > 20
    for name in names:
        here = (
            TESTS / name.removeprefix("tests/") if name.startswith(("tests/", "e2e/")) else TESTS / "scenarios" / name
        )
        assert here.exists(), name


def test_every_behaviour_that_the_table_names_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py)`\s\(`…?_?(\w+?)_?…?`\)", TABLE)

    assert len(named) > 8
    for name, behaviour in named:
        here = TESTS / name if name.startswith("e2e/") else TESTS / "scenarios" / name.removeprefix("tests/")
        found = re.findall(r"def (test_\w+)", here.read_text())
        assert any(behaviour in one for one in found), (name, behaviour)


def test_every_row_of_talking_is_in_the_table() -> None:
    assert {f"B{n}" for n in range(1, 14)} - {"B6"} == set(re.findall(r"^\| (B\d+) ", TABLE, re.MULTILINE))


def test_every_row_of_getting_in_is_in_the_table() -> None:
    getting_in = TABLE.partition("## Getting in")[2].partition("## Rooms")[0]

    assert {"A1", "A4", "A5", "A6", "A7", "A8"} == set(re.findall(r"^\| (A\d+) ", getting_in, re.MULTILINE))


def test_every_row_of_rooms_is_in_the_table_and_every_point_of_biboumis() -> None:
    rooms = TABLE.partition("## Rooms")[2]
    points = rooms.partition("| point | here |\n|---|---|\n")[2].strip().splitlines()

    assert {"C1", "C2", "C3", "C4", "C5", "C6", "C14", "C16"} <= set(re.findall(r"^\| (C\d+) ", rooms, re.MULTILINE))
    assert len(points) == 16
    assert all("`" in point for point in points)
