"""Files between two networks: whole, in their place, and never in the way of what is said elsewhere."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from bridge.contract import Refused
from bridge.hub.limits import MediaLimits
from bridge.hub.pictures import Converter
from bridge.store.database import Database
from bridge.testing import files
from bridge.testing.files import FILES
from bridge.testing.states import ChatState, Said
from tests.hub.building import hub_over, put_account, running
from tests.hub.room import Network, Room, room_on
from tests.support.files import noise, photo, png

RoomOn = Callable[[Network], AbstractAsyncContextManager[Room]]
A = ("--like", "a")
PICTURE = png(64, 48)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """What is tested here does not depend on the kind of database."""
    opened = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def a_room(database: Database, tmp_path: Path) -> RoomOn:
    return partial(room_on, database=database, tmp_path=tmp_path)


async def says_file(room: Room, data: bytes, name: str = "a.png", caption: str = "", mime: str = "image/png") -> None:
    reference = await files.have(room.near, name, data, mime)
    await room.near.says("anna", "room", caption, media=[reference])


def ends(text: str) -> Callable[[ChatState], bool]:
    return lambda state: bool(state.visible) and state.visible[-1].text.endswith(text)


async def seen(room: Room, last: str) -> list[Said]:
    """What is visible on far, once `last` is."""
    return (await room.far.until("room", ends(last))).visible


@pytest.mark.parametrize("like", [A, ("--like", "t"), ("--like", "t", "--window", "8")])
async def test_a_file_arrives_whole_and_in_its_place(a_room: RoomOn, like: tuple[str, ...]) -> None:
    async with a_room(Network(like, longest=4_000)) as room:
        await room.near.says("anna", "room", "before")
        await says_file(room, PICTURE, caption="the balcony")
        await room.near.says("anna", "room", "after")
        shown = await seen(room, "after")
        content = [await files.content(room.far, one) for said in shown for one in said.media]

    assert [text.removeprefix("Anna: ") for said in shown if (text := said.text)] == ["before", "the balcony", "after"]
    assert content == [PICTURE]
    assert not shown[0].media
    assert not shown[-1].media


async def test_a_hanging_file_delays_nothing_in_another_chat(a_room: RoomOn) -> None:
    async with a_room(Network(A, longest=4_000, media=MediaLimits(wait=300.0))) as room:
        for world in (room.near, room.far):
            await world.chat("other")
        speaks = {seat.network: seat.account for seat in room.hub.sessions.seats()}
        assert await room.hub.linking.add("other", [(name, "", "other", account) for name, account in speaks.items()])
        await room.near.fault("hold", chat=FILES)

        await says_file(room, PICTURE, caption="look")
        await room.near.says("anna", "room", "behind it")
        await room.near.says("anna", "other", "elsewhere")
        await room.far.until("other", ends("elsewhere"))
        waiting = (await room.far.until("room", lambda s: bool(s.visible))).texts
        await room.near.mend("hold")
        shown = await seen(room, "behind it")

    assert waiting == ["look"], "a caption is a message of its own on this network"
    assert [bool(said.media) for said in shown] == [False, True, False]


async def test_a_file_that_hangs_for_too_long_is_a_line_in_its_place(a_room: RoomOn) -> None:
    async with a_room(Network(A, longest=4_000, media=MediaLimits(wait=1.0))) as room:
        await room.near.fault("hold", chat=FILES)
        await says_file(room, PICTURE, "slow.png")
        await room.near.says("anna", "room", "behind it")
        shown = await seen(room, "behind it")

    line = f"[File: slow.png, {len(PICTURE)} bytes] It did not come within 1 seconds."
    assert [said.text for said in shown] == [line, "behind it"]


async def test_a_line_that_has_taken_the_place_of_a_file_stays_a_line_after_a_crash(
    a_room: RoomOn, database: Database, tmp_path: Path
) -> None:
    """Else a repeat of what may have arrived would say something else under the same name."""
    async with a_room(Network(A, longest=4_000, media=MediaLimits(wait=0.5))) as room:
        await room.near.fault("hold", chat=FILES)
        await room.far.fault("hold", chat="room")
        await says_file(room, PICTURE, "slow.png")
        await written(database, "file_lines")
        await room.hub.stop()
        for world in (room.near, room.far):
            await world.mend("hold")
        sockets = {name: tmp_path / f"{name}.sock" for name in ("near", "far")}
        async with running(await hub_over(database, sockets, tmp_path)):
            [said] = (await room.far.until("room", lambda s: bool(s.visible))).visible

    assert not said.media
    assert said.text == f"[File: slow.png, {len(PICTURE)} bytes] It did not come within 0 seconds."


async def test_a_hanging_converter_delays_its_own_chat_only_and_the_picture_goes_without(
    a_room: RoomOn, tmp_path: Path
) -> None:
    hanging = Converter((sys.executable, "-c", "import time; time.sleep(600)"), seconds=2.0)
    async with a_room(Network(A, longest=4_000, media=MediaLimits(wait=6.0), converter=hanging)) as room:
        for world in (room.near, room.far):
            await world.chat("other")
        speaks = {seat.network: seat.account for seat in room.hub.sessions.seats()}
        assert await room.hub.linking.add("other", [(name, "", "other", account) for name, account in speaks.items()])

        await says_file(room, photo(200, 200), caption="look")
        await room.near.says("anna", "room", "behind it")
        await room.near.says("anna", "other", "elsewhere")
        await room.far.until("other", ends("elsewhere"))
        waiting = (await room.far.state("room")).texts
        shown = await seen(room, "behind it")
        content = [await files.content(room.far, one) for said in shown for one in said.media]

    assert "behind it" not in waiting
    assert content == [photo(200, 200)]


async def test_a_file_that_comes_late_but_in_time_keeps_its_place(a_room: RoomOn) -> None:
    async with a_room(Network(A, longest=4_000)) as room:
        await room.near.fault("hold", chat=FILES)
        await says_file(room, PICTURE)
        await room.near.says("anna", "room", "behind it")
        await room.hub.writer.drained()
        await room.near.mend("hold")
        shown = await seen(room, "behind it")

    assert [bool(said.media) for said in shown] == [True, False]


async def test_a_file_that_a_power_cut_has_shortened_is_brought_again(a_room: RoomOn, database: Database) -> None:
    async with a_room(Network(A, longest=4_000)) as room:
        await says_file(room, PICTURE)
        await room.far.until("room", lambda state: bool(state.visible))
        id = await database.read(lambda c: str(c.exec_driver_sql("SELECT id FROM media").scalar_one()))
        kept = await room.hub.files.serve(id)
        assert kept is not None
        kept.path.write_bytes(PICTURE[:10])

        again = await room.hub.files.serve(id)

        assert again is not None
        assert again.path.read_bytes() == PICTURE


async def test_a_retry_sends_the_same_file_and_publishes_it_once(a_room: RoomOn) -> None:
    async with a_room(Network((*A, "--no-echoes"), longest=4_000)) as room:
        await room.far.fault("lost", chat="room", times=2)
        await says_file(room, PICTURE)
        await room.near.says("anna", "room", "after")
        shown = await seen(room, "after")
        await says_file(room, png(seed=5))
        second = (await room.far.until("room", lambda s: len(s.visible) == 3)).visible[-1]

    assert [said.media for said in (*shown, second)] == [["file-1"], [], ["file-2"]]
    assert len(shown[0].keys) == 3


async def test_a_file_that_was_published_before_the_end_is_not_published_again(
    a_room: RoomOn, database: Database, tmp_path: Path
) -> None:
    async with a_room(Network(A, longest=4_000)) as room:
        await room.far.fault("hold", chat="room")
        await says_file(room, PICTURE)
        await written(database, "publications")
        await room.hub.stop()
        await room.far.mend("hold")
        sockets = {name: tmp_path / f"{name}.sock" for name in ("near", "far")}
        async with running(await hub_over(database, sockets, tmp_path)):
            [said] = (await room.far.until("room", lambda s: bool(s.visible))).visible
        with pytest.raises(Refused):
            await files.content(room.far, "file-2")

    assert said.media == ["file-1"]


async def written(database: Database, table: str) -> None:
    """There is a row in it, durably."""
    async with asyncio.timeout(20):
        while not await database.read(lambda c: c.exec_driver_sql(f"SELECT 1 FROM {table}").first()):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("network", "size", "why"),
    [
        (Network(A, longest=4_000), files.LARGEST + 1, " A file has at most 1048576 bytes."),
        (Network(A, longest=4_000, media=MediaLimits(largest=10_000)), 10_001,
         " It is larger than 10 kB, the most that is carried."),
        (Network((*A, "--no-media"), longest=4_000), 100, ""),
    ],
)  # fmt: skip
async def test_what_cannot_be_carried_is_a_line_with_name_size_and_reason(
    a_room: RoomOn, network: Network, size: int, why: str
) -> None:
    async with a_room(network) as room:
        await says_file(room, noise(size), "all.bin", "", "application/octet-stream")
        await room.near.says("anna", "room", "after")
        shown = await seen(room, "after")

    bytes_ = {100: "100 bytes", 10_001: "10 kB"}.get(size, "1.0 MB")
    assert [said.text for said in shown] == [f"[File: all.bin, {bytes_}]{why}", "after"]


async def test_what_is_kept_never_exceeds_the_quota(a_room: RoomOn, tmp_path: Path) -> None:
    async with a_room(Network(A, longest=4_000, media=MediaLimits(quota=25_000))) as room:
        for number in range(4):
            await says_file(room, noise(10_000, str(number)), f"{number}")
            await room.near.says("anna", "room", f"text {number}")
            await seen(room, f"text {number}")
            kept = sum(file.stat().st_size for file in (tmp_path / "media").iterdir())
            assert kept <= 25_000
        arrived = [said for said in (await room.far.state("room")).visible if said.media]

    assert kept == 20_000
    assert len(arrived) == 4


async def test_what_is_too_old_is_removed(a_room: RoomOn, database: Database, tmp_path: Path) -> None:
    async with a_room(Network(A, longest=4_000, media=MediaLimits(days=2))) as room:
        for number in (0, 1):
            await says_file(room, noise(1_000, str(number)), f"{number}")
        await room.far.until("room", lambda s: len(s.visible) == 2)
        old = "UPDATE media SET used = used - 172801 WHERE reference = 'file-1'"
        await database.write(lambda c: c.exec_driver_sql(old))
        assert len(list((tmp_path / "media").iterdir())) == 2
        await room.hub.files.tidy()

    assert [file.read_bytes() for file in (tmp_path / "media").iterdir()] == [noise(1_000, "1")]


async def test_a_file_is_got_by_another_account_when_the_first_is_gone(a_room: RoomOn, database: Database) -> None:
    async with a_room(Network(A, longest=4_000)) as room:
        await room.near.account("second", everywhere=True)
        second = await put_account(database, "near", "carol", "second")
        await room.hub.connect(second)
        await says_file(room, PICTURE)
        await seen(room, "")
        [(id, first)] = await database.read(
            lambda c: [tuple(r) for r in c.exec_driver_sql("SELECT id, account FROM media")]
        )
        await database.write(lambda c: c.exec_driver_sql("UPDATE media SET kept = NULL"))
        await room.hub.disconnect(first)
        kept = await asyncio.wait_for(room.hub.files.serve(id), 20)

    assert kept is not None
    assert kept.media.sha256
    assert kept.path.read_bytes() == PICTURE
