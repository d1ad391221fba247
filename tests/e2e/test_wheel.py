"""`pip install .` into an empty virtual environment gives a working `landbridge`, migrations included."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.prosody import Prosody

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that has nothing but our wheel and what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT))
    wheel = next(folder.glob("landbridge-*.whl"))
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {"bridge/_migrations/env.py", "bridge/_migrations/versions/0001_first.py"} <= inside
    assert "bridge/py.typed" in inside  # connector authors check their types against the contract
    assert not {name.split("/")[0] for name in inside} & {"tests", "scripts", "migrations"}
    venv.create(folder / "venv", with_pip=True)
    run(str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "-q", str(wheel))
    return folder / "venv" / "bin"


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_an_installed_landbridge_goes_from_init_to_ready(installed: Path, tmp_path: Path) -> None:
    """On Prosody: what is in a wheel does not depend on the server."""
    landbridge = str(installed / "landbridge")
    assert run(landbridge, "--version", cwd=tmp_path).startswith("landbridge 0.")
    port = free_port()
    said = run(landbridge, "init", "--domain", "localhost", "--server", f"127.0.0.1:{port}", cwd=tmp_path)
    secret = said.partition('component_secret = "')[2].partition('"')[0]
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text().replace("127.0.0.1:8480", f"127.0.0.1:{free_port()}"))

    with Prosody({"matrix.localhost": secret}, component_port=port):
        assert run(landbridge, "check", cwd=tmp_path).endswith("\nAll is well.\n")
        gateway = subprocess.Popen([landbridge, "run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        try:
            assert gateway.stderr is not None
            said = ""
            for line in gateway.stderr:
                said += line
                if "ready" in line:
                    break
            assert "ready" in said, said
            assert run(landbridge, "status", cwd=tmp_path).startswith("Landbridge 0.")
            gateway.terminate()
            assert gateway.wait(30) == 0
        finally:
            gateway.kill()
            gateway.wait()
            if gateway.stderr is not None:
                gateway.stderr.close()
    assert (tmp_path / "landbridge.db").exists()
