"""`landbridge init`, `--version`, and using the command line wrongly."""

import stat
from pathlib import Path

import pytest
import yaml

from bridge.cli import main
from bridge.config import load
from bridge.store.secrets import Secrets


def test_init_writes_what_run_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "config.yaml"

    status = main(["init", "-c", str(file), "--domain", "Home.example", "--server", "127.0.0.1:5348"])

    config = load(file, {})
    matrix = config.networks["matrix"]
    said = capsys.readouterr().out
    assert status == 0
    assert (matrix.jid, matrix.server, config.users) == ("matrix.home.example", "127.0.0.1:5348", ("*@home.example",))
    assert len(matrix.secret) == 32
    assert said.count(f'"{matrix.secret}"') == 2  # to paste into Prosody and ejabberd
    assert 'Component "matrix.home.example"' in said
    assert "port: 5348" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((config.data / "key").stat().st_mode) == 0o600
    assert config.warnings == ()
    Secrets.load(config.data / "key")


def test_init_has_another_secret_every_time(tmp_path: Path) -> None:
    for name in "ab":
        assert main(["init", "-c", str(tmp_path / name / "config.yaml")]) == 0

    assert len({load(tmp_path / name / "config.yaml", {}).networks["matrix"].secret for name in "ab"}) == 2


def test_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("mine")

    assert main(["init", "-c", str(file)]) == 1
    assert file.read_text() == "mine"
    assert not (tmp_path / "data").exists()
    assert "already" in capsys.readouterr().err


def test_init_keeps_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Secrets.create(tmp_path / "data" / "key")
    before = (tmp_path / "data" / "key").read_bytes()

    assert main(["init", "-c", str(tmp_path / "config.yaml")]) == 0
    assert (tmp_path / "data" / "key").read_bytes() == before
    assert "Kept the key file" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--domain", "a b"], ["--jid", "x@y"], ["--domain", "a/b"]])
def test_init_refuses_what_is_no_domain(tmp_path: Path, arguments: list[str]) -> None:
    assert main(["init", "-c", str(tmp_path / "config.yaml"), *arguments]) == 1
    assert not (tmp_path / "config.yaml").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["run", "--fast"], ["status", "-c"], ["run", "--log-level", "loud"]]
)
def test_wrong_use_is_status_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("landbridge ")


@pytest.mark.parametrize("command", ["run", "check", "status"])
def test_every_fault_of_a_configuration_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("networks: {n: {connector: matrix, jid: n.example}}\nxmmp: 1\n")

    assert main([command, "-c", str(file)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{file}: networks.n.secret: it is missing", f"{file}: xmmp: there is no such key; did you mean xmpp?",
    ]  # fmt: skip


def test_init_for_a_homeserver_writes_its_registration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yaml"

    status = main(["init", "-c", str(file), "--homeserver", "http://127.0.0.1:8008", "--matrix-name", "example.org"])

    matrix, said = load(file, {}).networks["matrix"], capsys.readouterr().out
    assert status == 0
    assert matrix.options["homeserver"] == "http://127.0.0.1:8008"
    path = matrix.options["appservice"]
    assert path == tmp_path / "appservice.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = yaml.safe_load(path.read_text())
    assert written["url"] == "http://127.0.0.1:8480"
    assert "xmpp|telegram" in written["namespaces"]["users"][0]["regex"]
    assert f"app_service_config_files:\n  - {path}\n" in said
    assert written["as_token"] not in said


def test_init_adds_the_registration_to_a_configuration_that_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    assert main(["init", "-c", str(file)]) == 0
    before = file.read_text()

    assert main(["init", "-c", str(file), "--homeserver", "http://127.0.0.1:8008"]) == 0

    said = capsys.readouterr().out
    assert file.read_text() == before
    assert "    homeserver: http://127.0.0.1:8008\n    appservice: appservice.yaml\n" in said
    first = (tmp_path / "appservice.yaml").read_text()
    assert "example.org" in first
    assert main(["init", "-c", str(file), "--homeserver", "http://127.0.0.1:8008"]) == 1
    assert (tmp_path / "appservice.yaml").read_text() == first
    assert "already" in capsys.readouterr().err


def test_init_writes_nothing_when_a_registration_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yaml"
    (tmp_path / "appservice.yaml").write_text("mine")
    assert main(["init", "-c", str(file), "--homeserver", "http://127.0.0.1:8008"]) == 1
    assert f"There is {tmp_path / 'appservice.yaml'} already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["appservice.yaml"]


@pytest.mark.parametrize("given", [["--homeserver", "nonsense"], ["--homeserver", "http://x", "--matrix-name", "a b"]])
def test_init_refuses_what_is_no_homeserver(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"

    assert main(["init", "-c", str(file), *given]) == 1

    assert capsys.readouterr().err.count("\n") == 1
    assert not file.exists()
