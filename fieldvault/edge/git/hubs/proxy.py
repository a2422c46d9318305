"""The proxy between us and an http hub.

Law: it is the one that git would go through: `remote.origin.proxy`, else `http.proxy`, else the environment; an empty
setting is none, and what `no_proxy` names is reached without. A vault may name the proxy of its own hub where TLS hides
what passes: through plain http that proxy would see the person's login.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.credentials import Login, find_login
from fieldvault.edge.git.hubs.httpsettings import http_setting
from fieldvault.errors import FieldvaultError

_PORTS = {"http": 1080, "https": 443}  # where an address names none; the first is curl's, and so git's


class Proxy(NamedTuple):
    """`secure`: it is spoken to by TLS itself."""

    host: str
    port: int
    secure: bool
    login: Login | None


def find_proxy(address: Address, person: GitConfig, vault: GitConfig) -> Proxy | None:
    """The proxy on the way to the hub at `address`; None where it is reached without one. `person`: settings that no
    vault has decided, `vault`: those that hold in it.

    Raises FieldvaultError: "hub-proxy-socks" (proxy, host), "hub-proxy" (proxy) for what is no address of a proxy.
    """
    environment = getproxies()  # of Windows and macOS as well, where nothing else is said
    places = (
        (vault if address.scheme == "https" else person).get("remote", "origin", "proxy"),
        http_setting(person, "proxy", address),
        environment.get(address.scheme),
        environment.get("all"),
    )
    named = next((place for place in places if place is not None), "")
    return _taken_apart(named, address.host) if named and not proxy_bypass(address.host) else None


def _taken_apart(named: str, host: str) -> Proxy:
    shown = named.rpartition("@")[2]
    try:
        place = urlsplit(named if "://" in named else f"http://{named}")
        at, port = place.hostname, place.port or _PORTS.get(place.scheme)
    except ValueError as error:
        raise FieldvaultError("hub-proxy", proxy=shown) from error
    if place.scheme.startswith("socks"):
        raise FieldvaultError("hub-proxy-socks", proxy=shown, host=host)
    if not at or port is None or place.scheme not in _PORTS:
        raise FieldvaultError("hub-proxy", proxy=shown)
    login = place.netloc.rpartition("@")[0]
    return Proxy(at, port, place.scheme == "https", _login(login, place.scheme, at, port))


def _login(said: str, scheme: str, host: str, port: int) -> Login | None:
    """The one in the address; where that is a name alone, the credential helpers know the rest."""
    if not said:
        return None
    user, colon, password = said.partition(":")
    return find_login(Address(scheme, "/", host, port, unquote(user), unquote(password) if colon else None))
