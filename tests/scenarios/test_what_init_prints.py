"""What `init` prints for ejabberd's configuration is all that it needs (for Prosody: the wheel's test)."""

import asyncio
import subprocess
import sys
from pathlib import Path

import yaml

from tests.support.ejabberd import Ejabberd
from tests.support.ports import free_port


async def test_what_is_pasted_into_ejabberds_configuration_lets_the_gateway_in(tmp_path: Path) -> None:
    port = free_port()
    said = await landbridge(tmp_path, "init", "--domain", "localhost", "--server", f"127.0.0.1:{port}")
    pasted = said.partition("restart it:\n\n  - port")[2].partition("\n\n")[0]
    [listener] = yaml.safe_load(f"  - port{pasted}")

    assert (listener["port"], list(listener["hosts"])) == (port, ["matrix.localhost"])
    with Ejabberd({}, component_port=port, listener=listener):
        assert await landbridge(tmp_path, "check") == "All is well.\n"


async def landbridge(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "bridge", *arguments]
    done = await asyncio.to_thread(subprocess.run, command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
