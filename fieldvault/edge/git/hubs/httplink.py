"""Requests to an http hub and their answers, one after the other, on one connection as long as both ends keep it.

Law: an answer is whole, or its end is an error. Whatever is left of one is passed over before the next request.
The traps avoided: http.client takes an answer that was cut short for a whole one, and a connection that the server has
closed meanwhile for an open one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from socket import socket
from urllib.parse import quote, urljoin

from fieldvault.edge.git.hubs.connecting import hung_up
from fieldvault.edge.git.hubs.httpway import HttpWay
from fieldvault.edge.git.hubs.link import Underway, unreachable

_REST_BYTES = 64 << 10  # of an answer: what is read so that its connection can be used again
_AS_THEY_ARE = "/%:@!$&'()*+,;=?~[]"  # in addresses, beside letters and digits


class HttpLink:
    """To the hub `host`. Raises only our errors."""

    def __init__(self, host: str, way: HttpWay) -> None:
        self._host = host
        self._way = way
        self._origin = ""  # where the connection leads to
        self._connection: HTTPConnection | None = None
        self._response: HTTPResponse | None = None
        self._keeps = True  # connections, until one of them was cut: some servers close them without a word

    def send(self, url: str, headers: Mapping[str, str], body: Iterator[bytes] | None) -> HTTPResponse:
        """The head of the answer."""
        target, more = self._way.request(url)
        sent = {**headers, **more} if self._keeps else {**headers, **more, "Connection": "close"}
        with self._cut():
            self._pass_over()
            connection = self._connected(urljoin(url, "/"))
            underway, connected = Underway(self._way.limits), connection.sock
            told = None if body is None else _counted(body, underway, connected)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it says no before it has heard all
                connection.request("GET" if body is None else "POST", quote(target, safe=_AS_THEY_ARE), told, sent)
            self._response = connection.getresponse()
            underway.answered()
            connected.settimeout(underway.seconds())
        return self._response

    def read(self, size: int) -> bytes:
        """So many bytes of the answer, fewer only at its end."""
        assert self._response is not None
        with self._cut():
            data = self._response.read(size)
            if len(data) < size and self._response.length:
                raise IncompleteRead(data, self._response.length)
        return data

    def close(self) -> None:
        for one in (self._response, self._connection):
            if one is not None:
                one.close()
        self._response = self._connection = None

    def _pass_over(self) -> None:
        """The rest of the answer before; where that is long, its connection goes with it."""
        if self._response is not None:
            with contextlib.suppress(HTTPException, OSError):
                self._response.read(_REST_BYTES)
            if not self._response.isclosed():
                self.close()

    def _connected(self, origin: str) -> HTTPConnection:
        kept = self._connection
        if kept is None or kept.sock is None or origin != self._origin or hung_up(kept.sock):
            self.close()
            kept = self._connection = self._way.connection(origin)
            self._origin = origin
        return kept

    @contextlib.contextmanager
    def _cut(self) -> Iterator[None]:
        """What ends in the middle leaves no connection behind."""
        try:
            yield
        except (HTTPException, OSError) as error:
            self._keeps = False
            self.close()
            raise unreachable(self._host, error) from error
        except BaseException:
            self.close()
            raise


def _counted(body: Iterator[bytes], underway: Underway, connected: socket) -> Iterator[bytes]:
    """The body; what is waited for behind each of its pieces may take longer."""
    for piece in body:
        yield piece
        underway.sent(len(piece))
        connected.settimeout(underway.seconds())
