"""The proxy between us and an http hub.

Law: it is the one that git would go through: `remote.origin.proxy`, else `http.proxy`, else the environment; an empty
setting is none, and what `no_proxy` names is reached without. A vault may name the proxy of its own hub where TLS hides
what passes: through plain http that proxy would see the person's login.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.credentials import Login, find_login
from fieldvault.edge.git.hubs.httpsettings import http_setting
from fieldvault.errors import FieldvaultError

_PORTS = {"http": 1080, "https": 443}  # where an address names none; the first is curl's, and so git's


class Proxy(NamedTuple):
    """`url`: http://HOST:PORT or https://HOST:PORT."""

    url: str
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
        place = parse_url(named if "://" in named else f"http://{named}")
    except LocationParseError as error:
        raise FieldvaultError("hub-proxy", proxy=shown) from error
    if place.scheme is not None and place.scheme.startswith("socks"):
        raise FieldvaultError("hub-proxy-socks", proxy=shown, host=host)
    if place.scheme not in _PORTS or not place.host:
        raise FieldvaultError("hub-proxy", proxy=shown)
    port = place.port or _PORTS[place.scheme]
    return Proxy(f"{place.scheme}://{place.host}:{port}", _login(place.auth, place.scheme, place.host, port))


def _login(said: str | None, scheme: str, host: str, port: int) -> Login | None:
    """The one in the address; where that is a name alone, the credential helpers know the rest."""
    if not said:
        return None
    user, colon, password = said.partition(":")
    return find_login(Address(scheme, "/", host.strip("[]"), port, unquote(user), unquote(password) if colon else None))
