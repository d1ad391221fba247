"""Lists page by page."""

from xml.etree.ElementTree import fromstring

import pytest

from bridge.xmpp import rsm
from bridge.xmpp.errors import StanzaError

IDS = [f"r{number}" for number in range(10)]


def asked(inner: str) -> rsm.Page:
    return rsm.page(fromstring(f"<query><set xmlns='{rsm.NAMESPACE}'>{inner}</set></query>"), IDS)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", IDS),
        ("<max>3</max>", IDS[:3]),
        ("<max>3</max><after>r2</after>", IDS[3:6]),
        ("<max>3</max><after/>", IDS[:3]),
        ("<max>3</max><before/>", IDS[7:]),
        ("<max>3</max><before>r5</before>", IDS[2:5]),
        ("<max>3</max><before>r1</before>", IDS[:1]),
        ("<max>3</max><after>r9</after>", []),
        ("<max>0</max>", []),
        ("<max>3</max><index>8</index>", IDS[8:]),
        ("<max>3</max><index>80</index>", []),
    ],
)
def test_a_page_is_what_was_asked_for(inner: str, expected: list[str]) -> None:
    page = asked(inner)

    assert [IDS[place] for place in page.places] == expected
    told = fromstring(page.xml)
    assert told.findtext(f"{{{rsm.NAMESPACE}}}count") == "10"
    assert told.findtext(f"{{{rsm.NAMESPACE}}}first") == (expected[0] if expected else None)


@pytest.mark.parametrize("inner", ["<max>x</max>", "<max>-1</max>", "<after>gone</after>", "<index>1e3</index>"])
def test_nonsense_is_an_error(inner: str) -> None:
    with pytest.raises(StanzaError):
        asked(inner)


def test_a_short_list_that_nobody_wants_in_pages_is_just_a_list() -> None:
    page = rsm.page(fromstring("<query/>"), IDS)

    assert (len(page.places), page.xml) == (10, "")


def test_a_long_one_says_that_there_is_more() -> None:
    page = rsm.page(fromstring("<query/>"), [str(number) for number in range(1_000)])

    assert len(page.places) == 200
    assert "<count>1000</count>" in page.xml
