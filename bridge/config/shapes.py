"""The shapes that values must have: pure checks that return the value to use, or raise ValueError with a reason."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from bridge.config.sources import Typed

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_NETWORK = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SMALLEST_STANZA = 10_000  # RFC 6120 #rules-size: what every server takes
_LARGEST_STANZA = 10_000_000


def typed(value: Any, kind: Any) -> Any:
    """`value` as `kind`, strictly; what comes from the environment is read as YAML where it must be more than text."""
    try:
        if isinstance(value, Typed):
            if kind is str:
                return str(value)
            try:
                value = yaml.safe_load(value)
            except yaml.YAMLError as error:
                raise ValueError("it cannot be read") from error
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ValueError(_plain(str(error))) from error


_WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
          "object": "keys with values", "null": "nothing"}  # fmt: skip


def _plain(text: str) -> str:
    """msgspec's sentence in words for people who do not program."""

    def words(found: re.Match[str]) -> str:
        return " or ".join(_WORDS.get(word.strip(), word.strip()) for word in found[1].split("|"))

    text = re.sub(r"`([a-z| ]+)`", words, text).replace("Expected", "it must be").replace(", got", ", not")
    return text.replace(" - at ", ", at ")


def host_port(text: str) -> str:
    """`host:port`, with an IPv6 address in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError("it must be host:port, as 127.0.0.1:5347")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError("an IPv6 address stands in brackets, as [::1]:5347")
    return text


def web_address(text: str) -> str:
    """An http(s) URL, without a slash at the end."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise ValueError("it must be an address that begins with http:// or https://")
    return text.rstrip("/")


def domain(text: str) -> str:
    """A component's domain: a JID without user and resource."""
    if "@" in text or "/" in text:
        raise ValueError("it must be a domain alone, without @ and /")
    try:
        plain = text.strip().rstrip(".").encode("idna").decode() if not text.isascii() else text
    except UnicodeError as error:
        raise ValueError("it is not a domain") from error
    if len(plain) > 253 or not _DOMAIN.fullmatch(plain.lower()):
        raise ValueError("it is not a domain")
    return text.lower()


def pattern(text: str) -> str:
    """Who is meant: a bare JID, `*@domain`, or `*`."""
    if text == "*":
        return text
    local, at, host = text.rpartition("@")
    if not at or not local or "/" in host or "*" in host or ("*" in local and local != "*"):
        raise ValueError(f"{text!r} is neither a JID (user@example.org) nor *@example.org nor *")
    return f"{local}@{domain(host)}".lower()


def network_name(text: str) -> str:
    if text == "xmpp":
        raise ValueError('the name "xmpp" is taken')
    if not _NETWORK.fullmatch(text):
        raise ValueError("a network's name has small letters, digits, - and _, and begins with a letter")
    return text


def stanza_size(number: int) -> int:
    if not _SMALLEST_STANZA <= number <= _LARGEST_STANZA:
        raise ValueError(f"it must be between {_SMALLEST_STANZA} and {_LARGEST_STANZA}")
    return number


def positive(number: float) -> float:
    if not 0 < number < float("inf"):
        raise ValueError("it must be more than 0")
    return number


def database_url(text: str, folder: Path) -> str:
    """An SQLite file's path starts at `folder`."""
    if text.startswith(("postgresql://", "postgres://")):
        return text
    if not text.startswith("sqlite:///") or text == "sqlite:///":
        raise ValueError("it must be sqlite:///FILE or postgresql://user:password@host/name")
    name = text.removeprefix("sqlite:///")
    if name.startswith(":memory:"):
        raise ValueError("a database in memory would forget messages at the first restart")
    return f"sqlite:///{folder / name}"
