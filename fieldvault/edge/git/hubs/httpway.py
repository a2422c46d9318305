"""How a connection to an http server is made: straight or through a proxy, with TLS where the address says so.

Law: it is made by `connecting`, so that every wait has an end, and begun before it is needed; TLS is always verified;
what is wrong with the proxy is said of the proxy, and not of the hub behind it.
"""

from __future__ import annotations

import base64
import socket
import ssl
from functools import cached_property
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.connecting import Connecting, connect, hung_up
from fieldvault.edge.git.hubs.credentials import Login
from fieldvault.edge.git.hubs.link import Limits
from fieldvault.edge.git.hubs.proxy import Proxy
from fieldvault.errors import FieldvaultError, HubUnreachable

_PORTS = {"http": 80, "https": 443}
_NO_TUNNEL = "Tunnel connection failed: "  # http.client's words before the proxy's status


class HttpWay:
    """The way to the hub at `address`. `authorities`: a file of certificates that replaces the system's."""

    def __init__(self, address: Address, limits: Limits, authorities: str | None, proxy: Proxy | None) -> None:
        assert address.port is not None
        self._host = address.host
        self.limits = limits
        self._authorities = authorities
        self._proxy = proxy
        first = (proxy.host, proxy.port) if proxy else (address.host, address.port)
        self._begun: Connecting | None = Connecting(*first, limits)

    def close(self) -> None:
        """A connection that was begun and never needed."""
        if self._begun is not None:
            self._begun.close()

    def connection(self, origin: str) -> HTTPConnection:
        """An open one, for scheme://host:port. OSError where it cannot be made."""
        place = urlsplit(origin)
        made = self._made(place.scheme, place.hostname or "", place.port or _PORTS[place.scheme])
        # http.client has no other door for a socket that was begun ahead, and whose every wait ends
        made._create_connection = lambda *_: self._first(made.host, made.port)  # type: ignore[attr-defined]
        try:
            made.connect()
        except OSError as error:
            if not str(error).startswith(_NO_TUNNEL):
                raise
            wanted = str(error).startswith(f"{_NO_TUNNEL}407")
            raise self._failure("proxy-login" if wanted else "proxy-refused") from error
        return made

    def request(self, url: str) -> tuple[str, dict[str, str]]:
        """What is asked for at an address, and with which headers: a proxy for http hears of all of it."""
        place = urlsplit(url)
        if self._proxy is not None and place.scheme == "http":
            return url, self._introduction
        return place._replace(scheme="", netloc="").geturl(), {}

    def _made(self, scheme: str, host: str, port: int) -> HTTPConnection:
        """Not open yet."""
        proxy = self._proxy
        if scheme == "http":
            return HTTPConnection(proxy.host, proxy.port) if proxy else HTTPConnection(host, port)
        if proxy is None:
            return HTTPSConnection(host, port, context=self._trusted)
        made = HTTPSConnection(proxy.host, proxy.port, context=self._trusted)
        if proxy.secure:
            made = _TlsInTls(proxy.host, proxy.port, self._trusted, host)
        made.set_tunnel(host, port, self._introduction)
        return made

    def _first(self, host: str, port: int) -> socket.socket:
        """A connection to the hub or to the proxy."""
        if self._proxy is None:
            return self._reached(host, port)
        try:
            reached = self._reached(host, port)
            return self._trusted.wrap_socket(reached, server_hostname=host) if self._proxy.secure else reached
        except OSError as error:
            raise self._failure("proxy") from error

    def _reached(self, host: str, port: int) -> socket.socket:
        """At first by the connection that was begun, where it did not wait for too long."""
        begun, self._begun = self._begun, None
        if begun is not None:
            reached = begun.result()
            if not hung_up(reached):
                return reached
            begun.close()
        return connect(host, port, self.limits)

    def _failure(self, reason: str) -> HubUnreachable:
        return HubUnreachable("hub-unreachable", host=self._host, reason=reason)

    @property
    def _introduction(self) -> dict[str, str]:
        login = self._proxy.login if self._proxy else None
        return {"Proxy-Authorization": basic(login)} if login else {}

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """Whose certificates count: read when the first connection needs them, which costs as much as a small sync."""
        try:
            trusted = ssl.create_default_context(cafile=self._authorities and Path(self._authorities).expanduser())
            # Python 3.13 wants more of a certificate than git and curl, and would refuse many a company's own hub
            trusted.verify_flags &= ~ssl.VERIFY_X509_STRICT
            return trusted
        except (OSError, RuntimeError) as error:  # ssl.SSLError is the first, nobody's ~ the second
            raise FieldvaultError("hub-authorities", path=self._authorities) from error


class _TlsInTls(HTTPSConnection):
    """To an https hub behind a proxy that speaks TLS as well, which Python's own sockets cannot lay into each other."""

    def __init__(self, host: str, port: int, trusted: ssl.SSLContext, behind: str) -> None:
        super().__init__(host, port, context=trusted)
        self._trusted = trusted
        self._behind = behind

    def connect(self) -> None:
        from urllib3.util.ssltransport import SSLTransport

        HTTPConnection.connect(self)
        self.sock = SSLTransport(self.sock, self._trusted, server_hostname=self._behind)


def basic(login: Login) -> str:
    """The header of a login, in UTF-8, as git sends it."""
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode("ascii")
