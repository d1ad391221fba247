"""`landbridge check` says where files go."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ANY_SERVER
from tests.support.xmpp_servers import XmppServer

DOMAIN, SECRET = "gateway.localhost", "open sesame"


@pytest.fixture(params=[None, 1_000])
def uploads(request: pytest.FixtureRequest) -> int | None:
    found: int | None = request.param
    return found


@pytest.fixture
def own(server_kind: type[XmppServer], uploads: int | None) -> Iterator[XmppServer]:
    with server_kind({DOMAIN: SECRET}, uploads=uploads) as server:
        yield server


async def check(folder: Path, server: XmppServer, **media: object) -> list[str]:
    file = folder / "config.yaml"
    network = {"connector": "matrix", "jid": DOMAIN, "secret": SECRET}
    tree = {
        "xmpp": {"server": f"127.0.0.1:{server.component_port}"}, "users": ["*@localhost"], "media": media,
        "http": {"public_url": "https://chat.example.org"}, "networks": {"matrix": network},
    }  # fmt: skip
    file.write_text(yaml.safe_dump(tree))
    file.chmod(0o600)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", "check", "-c", str(file), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    print(said.decode())  # all, for who has to find out why it is not as it should be
    return [line for line in said.decode().splitlines() if "files" in line]


@ANY_SERVER
async def test_check_says_where_files_go(own: XmppServer, uploads: int | None, tmp_path: Path) -> None:
    store = "so files are in the gateway's own store at https://chat.example.org/media/."

    found = await check(tmp_path, own)
    named = await check(tmp_path, own, upload_service="nobody.localhost")

    service = "files go to the upload service upload.localhost."
    none = f"the XMPP server has no upload service (XEP-0363), {store}"
    assert found == [f"note: networks.matrix: {service if uploads else none}"]
    assert named == [f"note: networks.matrix: {none}"]
