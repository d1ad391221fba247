"""Which addresses we may contact: nobody who types an address leads us into the operator's own network. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open internet: not private, loopback, link-local, multicast, unspecified,
    shared, reserved or for documentation, nor an IPv6 form of an IPv4 address that is. False for what is none."""
    try:
        address = ip_address(text.partition("%")[0])  # a zone id (fe80::1%eth0) says nothing about the address
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        return _is_public_6(address)
    return _is_public_4(address)


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _is_public_6(address: IPv6Address) -> bool:
    # Pythons differ in what they call global here, so forms that lead to IPv4 addresses are named one by one.
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public_4(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.sixtofour or address.teredo or address.is_site_local or address in _NAT64_LOCAL:
        return False  # tunnels that nobody needs, what came before fc00::/7, translation to local addresses
    if int(address) >> 32 == 0:
        return False  # "IPv4-compatible" addresses
    return address.is_global and not (address.is_multicast or address.is_reserved)


class Permitted:
    """Private hosts that the operator names: `host` or `host:port`, `[::1]` or `[::1]:8080`."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = frozenset(_entry(entry) for entry in entries)

    def __contains__(self, place: tuple[str, int]) -> bool:
        """Whether a host (a name or an address without brackets) may be contacted at a port."""
        host, port = place
        host = _normal(host)
        return (host, port) in self._entries or (host, None) in self._entries


def _entry(entry: str) -> tuple[str, int | None]:
    text = entry.strip()
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return _normal(host), _port(rest.removeprefix(":"), entry)
    if text.count(":") > 1:  # a bare IPv6 address
        return _normal(text), None
    host, _, port = text.partition(":")
    return _normal(host), _port(port, entry)


def _port(text: str, entry: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"{entry!r} is not a host or host:port")
    return int(text)


def _normal(host: str) -> str:
    if not host:
        raise ValueError("a host is empty")
    try:
        return str(ip_address(host))
    except ValueError:
        return host.rstrip(".").lower()
