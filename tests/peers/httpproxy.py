"""An http proxy as companies have them: it carries requests on, and whole connections for https."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from tests.peers.ground import shut

_END = b"\r\n\r\n"


class HttpProxy:
    """`answer`: what it says to everybody in the place of carrying anything. `heard`: the first lines and headers of
    each connection. `certificate` and its key: it is spoken to by TLS.
    """

    def __init__(self, answer: str | None = None, certificate: tuple[Path, Path] | None = None) -> None:
        self.heard: list[str] = []
        self._answer = answer
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._tls and certificate:
            self._tls.load_cert_chain(*certificate)
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._open.append(near)
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                near = self._tls.wrap_socket(near, server_side=True)
                self._open.append(near)
            head = b""
            while _END not in head:
                if not (data := near.recv(65536)):
                    return
                head += data
            self.heard.append(head.partition(_END)[0].decode("latin-1"))
            if self._answer is not None:
                near.sendall(f"HTTP/1.1 {self._answer}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            method, target = head.decode("latin-1").split(" ", 2)[:2]
            place = urlsplit(f"//{target}" if method == "CONNECT" else target)
            far = socket.create_connection((place.hostname, place.port))
            self._open.append(far)
            if method == "CONNECT":
                near.sendall(b"HTTP/1.1 200 Go on\r\n\r\n")
            else:  # a server takes the whole address in a request as well, so nothing has to be written anew
                far.sendall(head)
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()
            self._carry(far, near)

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def __enter__(self) -> HttpProxy:
        return self

    def __exit__(self, *_: object) -> None:
        shut([self._listening, *self._open])
