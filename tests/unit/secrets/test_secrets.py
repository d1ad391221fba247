"""The key file: made once, kept private, never replaced by accident; what it encrypts and derives."""

import base64
import logging
import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bridge.store.database import Database
from bridge.store.secrets import Secrets, WrongKey


def test_a_new_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    Secrets.create(tmp_path / "data" / "key")

    assert stat.S_IMODE(os.stat(tmp_path / "data" / "key").st_mode) == 0o600
    assert len(base64.b64decode((tmp_path / "data" / "key").read_text())) == 32


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    Secrets.create(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()

    with pytest.raises(WrongKey, match="already; it is never overwritten"):
        Secrets.create(tmp_path / "key")

    assert (tmp_path / "key").read_bytes() == before


def test_credentials_come_back_whole_and_are_not_readable_meanwhile(tmp_path: Path) -> None:
    made = Secrets.create(tmp_path / "key")

    sealed = made.seal({"token": "hush ☃", "device": "ABC"})

    assert b"hush" not in sealed
    assert Secrets.load(tmp_path / "key").open(sealed) == {"token": "hush ☃", "device": "ABC"}
    assert made.open(b"") == {}


def test_credentials_of_another_key_are_refused(tmp_path: Path) -> None:
    sealed = Secrets.create(tmp_path / "one").seal({"token": "hush"})

    with pytest.raises(WrongKey, match="were not encrypted with the key file"):
        Secrets.create(tmp_path / "two").open(sealed)


def test_a_replaced_key_still_opens_what_is_there_and_derives_the_same(tmp_path: Path) -> None:
    old = Secrets.create(tmp_path / "key")
    sealed = old.seal({"token": "hush"})
    line = (tmp_path / "key").read_text()
    (tmp_path / "key").write_text(Fernet.generate_key().decode().translate(str.maketrans("-_", "+/")) + "\n" + line)

    new = Secrets.load(tmp_path / "key")

    assert new.open(sealed) == {"token": "hush"}
    assert new.derive("a") == old.derive("a")
    with pytest.raises(WrongKey):
        old.open(new.seal({"token": "hush"}))


@pytest.mark.parametrize("content", ["", "\n", "c2hvcnQ=\n", "not base64 at all\n", "é"])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)

    with pytest.raises(WrongKey, match=str(tmp_path / "key")):
        Secrets.load(tmp_path / "key")


def test_a_missing_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongKey, match=r"There is no key file at .* Restore it from your backup"):
        Secrets.load(tmp_path / "key")


def test_a_key_file_that_others_can_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Secrets.create(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)

    with caplog.at_level(logging.WARNING):
        Secrets.load(tmp_path / "key")

    assert "can be read by others" in caplog.text


def test_derived_ids_depend_on_every_part_their_order_and_the_key(tmp_path: Path) -> None:
    one, two = Secrets.create(tmp_path / "one"), Secrets.create(tmp_path / "two")

    ids = {
        one.derive("ab", "c"),
        one.derive("a", "bc"),
        one.derive("c", "ab"),
        one.derive("abc"),
        two.derive("ab", "c"),
    }

    assert len(ids) == 5
    assert one.derive("ab", "c") == Secrets.load(tmp_path / "one").derive("ab", "c")


@pytest.mark.parametrize("part", ["", "\ud800", "x" * 100_000, "☃"])
def test_derived_ids_have_one_form_whatever_they_are_made_of(tmp_path: Path, part: str) -> None:
    made = Secrets.create(tmp_path / "key").derive(part)

    assert len(made) == 32
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789")


async def test_a_database_is_refused_without_the_key_it_was_made_with(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    try:
        made = await database.write(lambda c: Secrets.for_database(tmp_path / "key", c))
        again = await database.write(lambda c: Secrets.for_database(tmp_path / "key", c))
        assert made.derive("a") == again.derive("a")

        (tmp_path / "key").rename(tmp_path / "lost")
        with pytest.raises(WrongKey, match="is missing, and this database was made with one"):
            await database.write(lambda c: Secrets.for_database(tmp_path / "key", c))
        assert not (tmp_path / "key").exists()

        Secrets.create(tmp_path / "key")
        with pytest.raises(WrongKey, match="is not the one this database was made with"):
            await database.write(lambda c: Secrets.for_database(tmp_path / "key", c))
    finally:
        await database.close()


async def test_the_key_that_init_made_becomes_the_key_of_a_new_database(tmp_path: Path) -> None:
    made = Secrets.create(tmp_path / "key")
    database = await Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    try:
        found = await database.write(lambda c: Secrets.for_database(tmp_path / "key", c))
    finally:
        await database.close()

    assert found.derive("a") == made.derive("a")
