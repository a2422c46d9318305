"""git over http and https, through connections of our own.

Law: every wait has an end, TLS is always verified, no answer leads to another host, and a password goes only to the
origin it was asked for. A page where git was expected is a network that wants a login, or no hub.
The traps avoided: dulwich's pool sleeps as long as a server's Retry-After says, follows redirects anywhere, takes a
page for a dumb git server, gives a whole request body the time-out of one write, and closes after each answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from dulwich.client import AbstractHttpGitClient
from dulwich.objects import ObjectID
from dulwich.refs import Ref

from fieldvault.edge.git.hubs.address import Address, parse_address
from fieldvault.edge.git.hubs.credentials import Login, approve, find_login, reject
from fieldvault.edge.git.hubs.httplink import HttpLink
from fieldvault.edge.git.hubs.httpway import HttpWay, basic
from fieldvault.edge.git.hubs.link import PIECE_BYTES, Progress
from fieldvault.errors import HubRefused, HubUnreachable

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from dulwich.object_store import GraphWalker

_REDIRECTS_MAX = 3
_ANY_REF = [b"refs/heads/main"]  # where nobody wants to know what stands there
_SAY_THE_END = ("Content-Length", "Transfer-Encoding")  # one of these is in every whole answer
_AGENT = "git/2 (fieldvault)"  # some servers serve only agents that start with git/

_NOWHERE = Path()  # an http address has no path that would count from a folder
_Body = bytes | Iterator[bytes] | None
# As dulwich has it: refs, capabilities, address, symbolic refs, peeled tags.
_Discovered = tuple[dict[Ref, ObjectID | None], set[bytes], str, dict[Ref, Ref], dict[Ref, ObjectID]]


class _Told(NamedTuple):
    """`version` of git's protocol."""

    version: int
    discovered: _Discovered


class HttpClient(AbstractHttpGitClient):
    """dulwich's smart http over requests of ours."""

    def __init__(self, address: Address, way: HttpWay, progress: Progress) -> None:
        super().__init__(address.shown)
        self._address = address
        self._progress = progress
        self._way = way
        self._link = HttpLink(address.host, way)
        self._origin = address  # whom the login was asked for
        self._login: Login | None = None
        self._approved = False
        self._path = address.path.encode("utf-8", "surrogateescape")
        self._told: _Told | None = None  # what the server said of itself and its refs, when it was last asked

    def expect_push(self) -> None:
        """A server that speaks http starts with each request."""

    def refs(self, prefixes: Sequence[bytes]) -> dict[Ref, ObjectID | None]:
        """Where the server's refs stand; those outside of `prefixes` may be left out. `protocol_version` is set."""
        self._told = None
        return self._discover_references(b"git-upload-pack", self._get_url(self._path), ref_prefix=prefixes)[0]

    def receive(
        self, wants: list[ObjectID], haves: GraphWalker, write: Callable[[bytes], int], without: bytes | None
    ) -> None:
        """Have a thin pack of what `wants` need and `haves` lack written by `write`; `without` is a filter of git's,
        which counts where the server knows filters.
        """
        self.fetch_pack(
            self._path, lambda refs, depth=None: wants, haves, write, ref_prefix=_ANY_REF, filter_spec=without
        )

    def capabilities(self) -> set[bytes]:
        """What the server says that it can do; `protocol_version` is set."""
        url = self._get_url(self._path)
        return self._discover_references(b"git-upload-pack", url, ref_prefix=_ANY_REF)[1]

    def _discover_references(
        self,
        service: bytes,
        base_url: str,
        protocol_version: int | None = None,
        ref_prefix: Sequence[bytes] | None = None,
    ) -> _Discovered:
        """For a fetch not asked again: its wants are known, and what the server can do as well."""
        if service != b"git-upload-pack":
            return super()._discover_references(service, base_url, protocol_version, ref_prefix)
        if self._told is None:
            discovered = super()._discover_references(service, base_url, protocol_version, ref_prefix)
            self._told = _Told(self.protocol_version, discovered)
        self.protocol_version = self._told.version
        return self._told.discovered

    def close(self) -> None:
        self._told = None
        self._link.close()
        self._way.close()

    @staticmethod
    def _warn_filter_objects() -> None:
        """A server that leaves nothing out sends more than was asked for, and that is all."""

    def _http_request(  # type: ignore[override]
        self, url: str, headers: Mapping[str, str] | None = None, data: _Body = None, raise_for_status: bool = True
    ) -> tuple[Answer, Callable[[int], bytes]]:
        """dulwich's one door to http. Raises only our errors."""
        asked = url
        for _ in range(_REDIRECTS_MAX):
            response = self._authorized(url, headers or {}, data)
            location = response.headers.get("Location") if 300 <= response.status < 400 else None
            if location is None:
                break
            url = self._redirected(url, urljoin(url, location))
        else:
            raise HubRefused("hub-not-git", host=self._address.host)
        self._judge(response, pushing=url.endswith("/git-receive-pack"))
        return Answer(response.headers.get("Content-Type"), url if url != asked else ""), self._read

    def _redirected(self, url: str, target: str) -> str:
        """The same host, and never from https back to http; a captive portal sends everybody elsewhere."""
        old, new = parse_address(url, _NOWHERE), parse_address(target, _NOWHERE)
        downgraded = old.scheme == "https" and new.scheme != "https"
        other_port = new.port != old.port and new.scheme == old.scheme
        if new.scheme not in ("http", "https") or new.host != old.host or other_port or downgraded:
            raise HubUnreachable("hub-elsewhere", host=self._address.host, to=new.place)
        return target

    def _authorized(self, url: str, headers: Mapping[str, str], data: _Body) -> HTTPResponse:
        """The answer to a request; the credential helpers are asked once, when the hub wants to know who we are."""
        response = self._send(url, headers, data)
        if response.status == 401 and self._login is None and not isinstance(data, Iterator):
            here = parse_address(url, _NOWHERE)
            self._origin = replace(self._address, scheme=here.scheme, port=here.port)
            self._login = find_login(self._origin)
            if self._login is None:
                raise HubRefused("hub-login", host=self._address.host)
            response = self._send(url, headers, data)
        if response.status == 401:
            if self._login is not None:
                reject(self._origin, self._login)
                self._login = None
            raise HubRefused("hub-login", host=self._address.host)
        if self._login is not None and not self._approved and response.status < 400:
            self._approved = True
            approve(self._origin, self._login)
        return response

    def _send(self, url: str, headers: Mapping[str, str], data: _Body) -> HTTPResponse:
        sent = dict(headers) | {"Pragma": "no-cache", "User-Agent": _AGENT}
        if self._login is not None and _same_origin(parse_address(url, _NOWHERE), self._origin):
            sent["Authorization"] = basic(self._login)
        return self._link.send(url, sent, None if data is None else self._metered(data))

    def _read(self, size: int) -> bytes:
        data = self._link.read(size)
        self._progress(len(data), 0, "received")
        return data

    def _metered(self, data: bytes | Iterator[bytes]) -> Iterator[bytes]:
        for chunk in (data,) if isinstance(data, bytes) else data:
            for start in range(0, len(chunk), PIECE_BYTES):
                piece = chunk[start : start + PIECE_BYTES]
                yield piece
                self._progress(len(piece), 0, "sent")

    def _judge(self, response: HTTPResponse, pushing: bool) -> None:
        """Whether this is git's answer; whatever else stands before a hub says something else."""
        host, status = self._address.host, response.status
        kind = response.headers.get("Content-Type", "")
        page = kind.startswith("text/html")
        if status == 511 or (page and status == 200 and self._address.scheme == "http"):
            raise HubUnreachable("hub-portal", host=host)  # https cannot be taken over by a hotel
        if status == 403:
            raise HubRefused("hub-forbidden", host=host)
        if status in (404, 410):
            raise HubRefused("hub-not-found", host=host)
        if status == 407:
            raise HubUnreachable("hub-unreachable", host=host, reason="proxy-login")
        if status == 413:
            raise HubRefused("hub-limit", host=host, reason="413")
        if pushing and status == 502:  # git broke off in the middle of the pack, and its reason is lost in the gateway
            raise HubUnreachable("hub-unreachable", host=host, reason="broken-off", status=status)
        if status == 429 or status >= 500:
            raise HubUnreachable("hub-unreachable", host=host, reason="overloaded", status=status)
        if status == 200 and not any(name in response.headers for name in _SAY_THE_END):
            raise HubUnreachable("hub-unreachable", host=host, reason="cut")  # in the middle of its headers
        if status != 200 or not kind.startswith("application/x-git-"):
            raise HubRefused("hub-not-git", host=host)


class Answer(NamedTuple):
    """One answer as dulwich wants it, with these names."""

    content_type: str | None
    redirect_location: str

    def close(self) -> None:
        """The next request passes over what is left."""


def _same_origin(one: Address, other: Address) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
