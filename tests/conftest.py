"""What tests of several folders share: real servers (started when first wanted), a database, a desk."""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from bridge.store.database import Database
from tests.support.artefacts import SCREENSHOTS
from tests.support.asking import Scene, scene
from tests.support.ejabberd import Ejabberd
from tests.support.postgres import Postgres
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_servers import SERVERS, XmppServer

COMPONENTS = {
    "matrix.localhost": "secret of matrix",
    "memory.localhost": "secret of memory",
    "bridge.localhost": "secret of bridge",
    "telegram.localhost": "secret of telegram",
}
UPLOADS = 2_000_000  # bytes of a file that their upload services take
FULL = bool(os.environ.get("TESTS_FULL"))

# For tests of what is the same on every XMPP server: on one of them, and on all in the long form.
ANY_SERVER = pytest.mark.parametrize("server_kind", list(SERVERS) if FULL else ["prosody"], indirect=True)


@pytest.fixture(scope="session")
def prosody() -> Iterator[Prosody]:
    """One for all tests that do not stop it; give your users names of their own. Archives are off."""
    with Prosody(COMPONENTS, uploads=UPLOADS) as server:
        yield server


@pytest.fixture(scope="session")
def ejabberd() -> Iterator[Ejabberd]:
    """The same."""
    with Ejabberd(COMPONENTS, uploads=UPLOADS) as server:
        yield server


@pytest.fixture(scope="session", params=list(SERVERS))
def server_kind(request: pytest.FixtureRequest) -> type[XmppServer]:
    """Each XMPP server in turn, for tests that start one of their own."""
    return SERVERS[request.param]


@pytest.fixture(scope="session")
def server(server_kind: type[XmppServer], request: pytest.FixtureRequest) -> XmppServer:
    """The shared one, each in turn."""
    shared: XmppServer = request.getfixturevalue(server_kind.__name__.lower())
    return shared


@pytest.fixture(scope="session")
def synapse() -> Iterator[Synapse]:
    """One for all tests that do not stop it; give your users names of their own."""
    with Synapse() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One for all tests; `fresh()` gives an empty database."""
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a new database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def at_desk(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(database, tmp_path) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped tells nothing: it fails."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Nor may a whole file be skipped."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped: {report.longrepr}"
    return report


class Told:
    """Says of a failure at once what failed and why: a run of half an hour need not be waited for."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self.terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            why = [line for line in report.longreprtext.splitlines() if line.startswith("E ")]
            self.terminal.write_line("")
            for line in [f"{report.nodeid} ({report.when})", *why[:10]]:
                self.terminal.write_line(line, red=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        session.config.pluginmanager.register(Told(terminal))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured (they print it), where the time went, by folder, and what there is to look at; of the long
    form all in one line of JSON, too."""
    spent: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                spent["/".join(report.nodeid.split("/")[:2])] += round(report.duration * 1000)
                if report.passed and report.when == "call" and not report.nodeid.startswith("tests/unit/"):
                    for line in report.capstdout.splitlines():
                        terminalreporter.write_line(f"{report.nodeid}: {line}")
    for folder, milliseconds in spent.most_common():
        terminalreporter.write_line(f"{folder:24} {milliseconds / 1000:7.1f} s")
    if FULL:
        ends = {name: len(terminalreporter.stats.get(name, ())) for name in ("passed", "failed", "error")}
        folders = {folder: milliseconds / 1000 for folder, milliseconds in spent.most_common()}
        terminalreporter.write_line(json.dumps({**ends, "seconds": folders}))
    if SCREENSHOTS.is_dir():
        terminalreporter.write_line(f"screenshots of web chats: {SCREENSHOTS}")
