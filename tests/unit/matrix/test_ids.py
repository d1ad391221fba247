"""How people type rooms."""

import pytest

from connectors.matrix import ids


@pytest.mark.parametrize(
    ("typed", "room", "via"),
    [
        ("#cafe:example.org", "#cafe:example.org", []),
        (" !abc:example.org ", "!abc:example.org", []),
        ("!" + "A" * 43, "!" + "A" * 43, []),  # room version 12
        ("https://matrix.to/#/#cafe:example.org", "#cafe:example.org", []),
        ("https://matrix.to/#/%23cafe%3Aexample.org", "#cafe:example.org", []),
        (
            "https://matrix.to/#/!abc:example.org?via=example.org&via=elsewhere.example:8448",
            "!abc:example.org",
            ["example.org", "elsewhere.example:8448"],
        ),
        ("https://matrix.to/#/!abc:example.org/$event?via=a.example", "!abc:example.org", ["a.example"]),
        ("matrix:r/cafe:example.org", "#cafe:example.org", []),
        ("matrix:roomid/abc:example.org?via=a.example&action=join", "!abc:example.org", ["a.example"]),
        ("#cafe%example.org@matrix.example", "#cafe:example.org", []),
        ("https://matrix.to/#/!abc:x?via=" + "&via=".join("abcdefgh"), "!abc:x", list("abcde")),
        ("https://matrix.to/#/!abc:x?via=no%20server&via=", "!abc:x", []),
        ("matrix:u/alice:example.org", None, []),
        ("@alice:example.org", None, []),
        ("#nothing", None, []),
        ("!", None, []),
        ("! x", None, []),
        ("!" + "x" * 255, None, []),
        ("", None, []),
    ],
)
def test_rooms_however_people_type_them(typed: str, room: str | None, via: list[str]) -> None:
    assert (ids.room(typed), ids.via(typed)) == (room, via)
