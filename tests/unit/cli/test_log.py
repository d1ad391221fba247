"""The log has one line an event, and no secrets."""

import io
import logging

import pytest

from bridge.log import OneLine


def line(message: str, *arguments: object, secrets: tuple[str, ...] = (), error: Exception | None = None) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine(secrets))
    log = logging.Logger("bridge.test")
    log.addHandler(handler)
    log.error(message, *arguments, exc_info=error)
    return stream.getvalue()


def test_a_line_has_time_level_place_and_values() -> None:
    assert (
        line("session connected account=%d", 7).split("Z ", 1)[1] == "error bridge.test session connected account=7\n"
    )


def test_nobody_can_write_a_line_of_ours() -> None:
    said = line("name=%s", "x\n2026-01-01 error\u2028bridge\x1b[31m\u202etxt\ud800")

    assert said.count("\n") == 1
    assert said.isprintable() is False
    assert said[:-1].isprintable()


def test_a_traceback_is_part_of_its_line() -> None:
    try:
        raise KeyError("open sesame")
    except KeyError as error:
        said = line("bug", error=error, secrets=("open sesame",))

    assert said.count("\n") == 1
    assert "Traceback" in said
    assert "sesame" not in said


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer marker", "GET /sync?access_token=marker&since=1", '{"access_token": "marker"}',
        '{"password":"marker"}', "postgresql://bridge:marker@db/name", "the secret is marker", "longer-marker-wins",
    ],
)  # fmt: skip
def test_secrets_are_hidden(text: str) -> None:
    said = line("%s", text, secrets=("secret is marker", "longer-marker", "longer-marker-wins"))

    assert "marker" not in said
    assert "[hidden]" in said
    assert "wins" not in said


def test_ordinary_addresses_are_not_hidden() -> None:
    assert "http://127.0.0.1:8480/x" in line("listening url=%s", "http://127.0.0.1:8480/x", secrets=("x", "80"))
