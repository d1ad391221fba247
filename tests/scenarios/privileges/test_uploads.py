"""Files for Romeo, or for a room that he is in, are uploaded as his own, where his server takes them
from its own people only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.testing import files as memory
from tests.conftest import COMPONENTS, UPLOADS
from tests.scenarios.conftest import staged
from tests.support import files, muc
from tests.support.files import OOB
from tests.support.gateway import MEMORY
from tests.support.prosody import Prosody
from tests.support.xmpp_client import bare, body

PICTURE, NOON = files.png(64, 48), files.png(48, 64)
VERONA = f"#verona@{MEMORY}"


@pytest.fixture(params=[True, False], ids=["granted", "not granted"])
def picky(request: pytest.FixtureRequest) -> Iterator[Prosody]:
    with Prosody(COMPONENTS, privileges=request.param, uploads=UPLOADS, uploaders="localhost") as server:
        yield server


async def test_a_slot_is_asked_for_as_the_user(picky: Prosody, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Without the privilege our own store has it: the service takes nothing from the gateway itself."""
    granted = request.node.callspec.params["picky"]
    async with staged(picky, tmp_path, settings={"allow_private": [f"localhost:{picky.http_port}"]}) as play:
        await play.met()
        reference = await memory.have(play.world, "dawn.png", PICTURE, "image/png")
        await play.world.says("juliet", play.chat, "", media=[reference])
        came = await play.app.expect(lambda s: s.find(f"{OOB}x") is not None, 30)
        url = came.findtext(f"{OOB}x/{OOB}url", "")

        await play.world.chat("verona", "juliet", "romeo", name="Verona", alias="#verona")
        await muc.listed(play.app, MEMORY, VERONA)
        await muc.enter(play.app, VERONA, "Romeo")
        other = await memory.have(play.world, "noon.png", NOON, "image/png")
        await play.world.says("juliet", "verona", "", media=[other])
        in_room = await play.app.expect(lambda s: bare(s) == VERONA and s.find(f"{OOB}x") is not None, 30)

        for one, data in ((url, PICTURE), (body(in_room), NOON)):
            assert f":{picky.http_port if granted else play.gateway.http}/" in one
            assert (await files.get(one)).body == data
