"""The connections that http goes through, and why there is none.

Law: each is made by link.connect, so that every wait has an end; TLS is always verified; what is wrong with the proxy
is said of the proxy, and not of the hub behind it.
"""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from urllib3 import PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProxyError
from urllib3.util import Timeout

from fieldvault.edge.git.hubs.credentials import Login
from fieldvault.edge.git.hubs.link import Limits, causes, connect, unreachable
from fieldvault.edge.git.hubs.proxy import Proxy
from fieldvault.errors import FieldvaultError, HubUnreachable

if TYPE_CHECKING:
    import socket

_NO_TUNNEL = "Tunnel connection failed: "  # http.client's words before the proxy's status


def http_pool(limits: Limits, authorities: str | None, proxy: Proxy | None) -> PoolManager:
    """Connections made by link.connect, through the proxy where there is one."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port, limits)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port, limits)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

        def __init__(self, *place: Any, **settings: Any) -> None:
            super().__init__(*place, **settings | {"ssl_context": _trusted(authorities)})

    pool = _through(proxy, Timeout(limits.silence_seconds))
    pool.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return pool


def _through(proxy: Proxy | None, timeout: Timeout) -> PoolManager:
    if proxy is None:
        return PoolManager(timeout=timeout)
    login = {"Proxy-Authorization": basic(proxy.login)} if proxy.login else None
    return ProxyManager(proxy.url, proxy_headers=login, timeout=timeout)


def _trusted(authorities: str | None) -> ssl.SSLContext:
    """Whose certificates count: read when the first connection needs them, which costs as much as a small sync."""
    try:
        return ssl.create_default_context(cafile=authorities and Path(authorities).expanduser())
    except (OSError, RuntimeError) as error:  # ssl.SSLError is the first, nobody's ~ the second
        raise FieldvaultError("hub-authorities", path=authorities) from error


def basic(login: Login) -> str:
    """The header of a login; in UTF-8, as git sends it, where urllib3's own helper knows Latin-1 only."""
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode("ascii")


def http_failure(host: str, error: BaseException) -> FieldvaultError:
    """Why no answer came from the hub `host`."""
    failed = unreachable(host, error)
    if failed.kind == "hub-unreachable" and any(isinstance(cause, ProxyError) for cause in causes(error)):
        return HubUnreachable("hub-unreachable", host=host, reason=_proxy_reason(error))
    return failed


def _proxy_reason(error: BaseException) -> str:
    said = next((text for text in map(str, causes(error)) if text.startswith(_NO_TUNNEL)), None)
    if said is None:
        return "proxy"
    return "proxy-login" if said.startswith(f"{_NO_TUNNEL}407") else "proxy-refused"
