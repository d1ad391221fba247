"""What `init` prints for the servers' configurations is all that they need (Prosody without privileges: the wheel's
test)."""

import asyncio
import subprocess
import sys
from pathlib import Path

import yaml

from tests.support.ejabberd import Ejabberd
from tests.support.ports import free_port
from tests.support.prosody import Prosody

NOTE = "note: networks.matrix: localhost"


async def test_what_is_pasted_into_ejabberds_configuration_lets_the_gateway_in(tmp_path: Path) -> None:
    port = free_port()
    said = await landbridge(tmp_path, "init", "--domain", "localhost", "--server", f"127.0.0.1:{port}")
    pasted = said.partition("restart it:\n\n  - port")[2].partition("\n\n")[0]
    [listener] = yaml.safe_load(f"  - port{pasted}")
    optional = said.partition("`modules:`:\n\n")[2].partition("Then: ")[0].strip("\n").split("\n\n")
    acl, rules, modules = (yaml.safe_load(section) for section in optional)

    assert (listener["port"], list(listener["hosts"])) == (port, ["matrix.localhost"])
    more = {"acl": acl, "access_rules": rules, "modules": modules}
    with Ejabberd({}, component_port=port, listener=listener, more=more):
        checked = await landbridge(tmp_path, "check")
    assert f"{NOTE} grants message, roster (XEP-0356).\n{NOTE} does not grant iq: " in checked
    assert checked.endswith("All is well.\n")


async def test_what_is_pasted_into_prosodys_configuration_grants_privileges(tmp_path: Path) -> None:
    port = free_port()
    said = await landbridge(tmp_path, "init", "--domain", "localhost", "--server", f"127.0.0.1:{port}")
    secret = said.partition('component_secret = "')[2].partition('"')[0]
    section = said.partition("the section of localhost:\n\n")[2].partition("\n\n")[0]

    with Prosody({"matrix.localhost": secret}, component_port=port, section=section):
        checked = await landbridge(tmp_path, "check")
    assert checked.startswith(f"{NOTE} grants message, roster, iq (XEP-0356).\n")
    assert checked.endswith("All is well.\n")


async def landbridge(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "bridge", *arguments]
    done = await asyncio.to_thread(subprocess.run, command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
