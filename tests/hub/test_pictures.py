"""Pictures made smaller in another process, whatever they are."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from bridge.contract import Refused, Unavailable
from bridge.hub.pictures import COMMAND, Converter, Small
from tests.support.files import bomb, noise, png


async def avatar(tmp_path: Path, data: bytes, converter: Converter | None = None) -> Small:
    file = tmp_path / "file"
    file.write_bytes(data)
    return await (converter or Converter()).avatar(file)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (160, 160), (1_000, 300), (3, 900)])
async def test_an_avatar_is_a_small_png(tmp_path: Path, width: int, height: int) -> None:
    made = await avatar(tmp_path, png(width, height))

    assert made.data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(made.data) <= 36_000
    assert max(made.width, made.height) == min(160, max(width, height))


async def test_previews_are_small_jpegs(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(png(2_000, 1_000))

    small, large = await Converter().preview(file)

    assert small is not None
    assert len(small.data) <= 5_000
    assert (large.width, large.height) == (800, 400)
    assert {small.data[:3], large.data[:3]} == {b"\xff\xd8\xff"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "kind that is not shown"),
        (bomb(50_000, 50_000), "too large"),
        (bomb(8_000, 8_000), "too large"),
        (png(100, 100)[:300], "damaged"),
        (noise(10_000), "kind that is not shown"),
        (b"", "kind that is not shown"),
    ],
)
async def test_what_cannot_be_shown_is_refused_with_the_reason(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        await avatar(tmp_path, data)


async def test_a_converter_that_hangs_is_ended_and_others_do_not_wait_for_it(tmp_path: Path) -> None:
    program = (
        "import sys, time; time.sleep(600 if sys.argv[-1].endswith('slow') else 0); print('{\"refused\": \"no\"}')"
    )
    converter = Converter((sys.executable, "-c", program), seconds=1.0)
    begun = time.monotonic()

    slow, quick = await asyncio.gather(
        converter.avatar(tmp_path / "slow"), converter.avatar(tmp_path / "quick"), return_exceptions=True
    )

    assert time.monotonic() - begun < 10
    assert [str(one) for one in (slow, quick)] == ["The picture takes too long to convert.", "no"]


@pytest.mark.parametrize(
    "program",
    ["import os; os.abort()", "print('no JSON')", "print('{}')", "print('x' * 5_000_000)",
     "print('{\"avatar\": {\"data\": \"AAAA\", \"width\": 0, \"height\": 1}}')"],
)  # fmt: skip
async def test_a_converter_that_breaks_is_no_more_than_a_picture_that_is_none(tmp_path: Path, program: str) -> None:
    with pytest.raises(Refused):
        await Converter((sys.executable, "-c", program)).avatar(tmp_path / "any")


async def test_without_a_converter_nothing_is_shown(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await Converter(("/nonexistent",)).avatar(tmp_path / "any")
    with pytest.raises(Unavailable):
        await Converter((COMMAND[0], "-S", *COMMAND[1:])).avatar(tmp_path / "any")
