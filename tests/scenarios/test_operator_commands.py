"""The operator's commands beside a running gateway: accounts, and what was not delivered."""

import asyncio
import subprocess
import sys

from tests.scenarios.conftest import Play
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import bare

WORDS = "Whither art thou going?"


async def landbridge(play: Play, *arguments: str) -> tuple[int, str]:
    """Exit status and what was said."""
    command = [sys.executable, "-m", "bridge", *arguments, "-c", str(play.gateway.config)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


async def test_an_account_is_logged_out_by_the_operator(play: Play) -> None:
    await play.log_in()
    await play.world.until_accounts(lambda found: found["romeo"].attached)
    status, said = await landbridge(play, "account", "list")
    [line] = said.splitlines()
    number = line.split()[0]
    assert (status, line.split()[1:]) == (0, ["memory", play.app.bare, "romeo", "connected"])

    status, said = await landbridge(play, "account", "remove", number)

    assert (status, said) == (
        0,
        f"romeo on memory, the account of {play.app.bare}, is logged out. Its chats are kept for when it comes back.\n",
    )
    await play.world.until_accounts(lambda found: not found["romeo"].attached)
    assert "The gateway's operator has logged you out." in await play.ask("status")
    assert (await landbridge(play, "account", "list"))[1].endswith(
        "logged out. The gateway's operator has logged you out.\n"
    )
    assert await landbridge(play, "account", "remove", "777") == (
        1, "There is no account 777. `landbridge account list` shows them.\n"
    )  # fmt: skip


async def test_what_was_refused_is_listed_tried_again_and_arrives(play: Play) -> None:
    await play.log_in()
    assert await landbridge(play, "dead", "list") == (0, "Everything was delivered and understood.\n")
    play.app.message(f"hamlet@{MEMORY}", WORDS)
    await play.app.expect(lambda s: s.get("type") == "error" and bare(s) == f"hamlet@{MEMORY}")

    status, said = await landbridge(play, "dead", "list")
    [line] = said.splitlines()
    identity = line.split()[0]
    assert status == 0
    assert "with hamlet, which was never opened" in line
    assert WORDS not in line
    status, shown = await landbridge(play, "dead", "show", identity)
    assert (status, WORDS in shown) == (0, True)

    await play.world.people("hamlet")
    assert await landbridge(play, "dead", "retry", identity) == (0, f"{identity} is owed again, as a whole.\n")
    await play.app.expect(lambda s: s.find("{urn:xmpp:receipts}received") is not None and bare(s) == f"hamlet@{MEMORY}")
    assert await landbridge(play, "dead", "drop", identity) == (
        1, f"There is no {identity}. `landbridge dead list` shows what there is.\n"
    )  # fmt: skip
