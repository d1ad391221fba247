"""Secrets: what the key file protects: credentials at rest, and the ids and keys that we derive.

A key file has one key per line: 32 random bytes in base64. The first line encrypts; all lines decrypt, so a key is
replaced by putting a new line on top. The last line derives ids, and its fingerprint stands in the database: ids must
not change when a key is replaced, and a database is refused without the key it was made with.
"""

import base64
import binascii
import hashlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, insert, select

from bridge.store.tables import install

log = logging.getLogger(__name__)
_FINGERPRINT = "key"  # its row in table install
_BYTES = 32


class WrongKey(Exception):
    """The key file does not fit; `text` is one line that says what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Secrets:
    """The keys, in memory. Never printed, never logged."""

    def __init__(self, keys: Sequence[bytes], path: Path) -> None:
        """`keys` of 32 bytes each, newest first, at least one."""
        self._path = path
        fernets = [Fernet(base64.urlsafe_b64encode(_separate(key, b"landbridge credentials"))) for key in keys]
        self._fernet = MultiFernet(fernets)
        self._ids = _separate(keys[-1], b"landbridge ids")
        self._fingerprint = _separate(keys[-1], b"landbridge fingerprint").hex()[:16]

    @classmethod
    def load(cls, path: Path) -> "Secrets":
        """Read the key file. Raises `WrongKey`."""
        try:
            lines = path.read_text("ascii").split()
            open_to = path.stat().st_mode & 0o077
        except FileNotFoundError:
            raise WrongKey(f"There is no key file at {path}. Restore it from your backup.") from None
        except (OSError, ValueError) as error:
            raise WrongKey(f"The key file {path} cannot be read: {_why(error)}.") from error
        if open_to:
            log.warning("the key file can be read by others, run chmod 600 on it path=%s", path)
        keys = [_key(line, path) for line in lines]
        if not keys:
            raise WrongKey(f"The key file {path} is empty. Restore it from your backup.")
        return cls(keys, path)

    @classmethod
    def create(cls, path: Path) -> "Secrets":
        """Make a key file that only we can read. Raises `WrongKey` when there is one already, or none can be made."""
        key = secrets.token_bytes(_BYTES)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            _make_durable(path.parent)
        except FileExistsError:
            raise WrongKey(f"There is a key file at {path} already; it is never overwritten.") from None
        except OSError as error:
            raise WrongKey(f"The key file {path} cannot be made: {_why(error)}.") from error
        return cls([key], path)

    @classmethod
    def for_database(cls, path: Path, connection: Connection) -> "Secrets":
        """The key of this database; made now if neither key nor database existed before. Raises `WrongKey`."""
        if not path.exists():
            if _known(connection) is not None:
                raise WrongKey(
                    f"The key file {path} is missing, and this database was made with one. Restore it from your backup."
                )
            made = cls.create(path)
            made.check_key(connection)
            return made
        found = cls.load(path)
        found.check_key(connection)
        return found

    def check_key(self, connection: Connection) -> None:
        """Compare with the key that this database was made with; a new database takes ours. Raises `WrongKey`."""
        known = _known(connection)
        if known is None:
            connection.execute(insert(install).values(name=_FINGERPRINT, value=self._fingerprint))
        elif not hmac.compare_digest(known, self._fingerprint):
            raise WrongKey(
                f"The key file {self._path} is not the one this database was made with. "
                "Restore the right one from your backup."
            )

    def seal(self, secret: Mapping[str, str]) -> bytes:
        """Encrypt credentials for the database."""
        return self._fernet.encrypt(json.dumps(dict(secret)).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """The inverse of `seal`; nothing from nothing. Raises `WrongKey`."""
        if not sealed:
            return {}
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise WrongKey(f"These credentials were not encrypted with the key file {self._path}.") from None
        return opened

    def derive(self, *parts: str) -> str:
        """32 characters of [0-9a-f] that only `parts`, in this order, and this key give."""
        # Lengths first: ("ab", "c") and ("a", "bc") must differ.
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
        return hmac.digest(self._ids, message, "sha256").hex()[:32]


def _separate(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose; none tells anything of another."""
    return hmac.digest(key, purpose, hashlib.sha256)


def _known(connection: Connection) -> str | None:
    return connection.execute(select(install.c.value).where(install.c.name == _FINGERPRINT)).scalar()


def _key(line: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _BYTES:
        raise WrongKey(
            f"The key file {path} is damaged: a line is not 32 bytes in base64. Restore it from your backup."
        )
    return key


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _why(error: Exception) -> str:
    return (error.strerror or "unknown fault") if isinstance(error, OSError) else "it is not a text file"
