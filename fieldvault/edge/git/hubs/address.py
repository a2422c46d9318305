"""Where a hub is: its address as git writes it, taken apart.

Law: what a person sees of an address never holds a password, and no part of it can pass for an option of ssh.
Without a scheme `host:path` is ssh, as in git, and everything else a path; one letter before the colon is a drive.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fieldvault.errors import FieldvaultError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP = re.compile(
    r"(?:(?P<user>[^@/:]+)@)?(?P<host>\[[^\]/]+\]|[^/:\[\]]{2,}|[^/:\[\]](?=:[^/\\])):(?P<path>.*)", re.DOTALL
)
_SCHEMES = {"file": "path", "git": "git", "ssh": "ssh", "http": "http", "https": "https"}
_SCHEMES |= {"git+ssh": "ssh", "ssh+git": "ssh"}
_PORTS = {"git": 9418, "ssh": None, "http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A hub's address. `scheme` is path, git, ssh, http or https; a path hub has only `path`, which is absolute."""

    scheme: str
    path: str
    host: str = ""
    port: int | None = None  # None: whatever ssh's own configuration says
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """What a person calls the hub: its host, or its folder."""
        return self.host or self.path

    @property
    def shown(self) -> str:
        """The whole address without a password."""
        if self.scheme == "path":
            return self.path
        user = f"{self.user}@" if self.user and self.scheme == "ssh" else ""
        return f"{self.scheme}://{user}{self.authority}/{self.path.removeprefix('/')}"

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the scheme's own."""
        return self.bracketed if self.port in (None, _PORTS[self.scheme]) else f"{self.bracketed}:{self.port}"

    @property
    def bracketed(self) -> str:
        """The host as it stands before a port."""
        return f"[{self.host}]" if ":" in self.host else self.host


def parse_address(url: str, root: Path) -> Address:
    """Take `url` apart; a relative path counts from `root`, the vault's folder.

    Raises FieldvaultError("hub-address", url) for a scheme or a form that no hub has.
    """
    if match := _SCHEME.match(url):
        address = _from_url(url, _SCHEMES.get(match[1].lower()))
    elif match := _SCP.fullmatch(url):  # but `name::rest` runs a remote helper in git, and never here
        address = Address("ssh", match["path"], match["host"].strip("[]"), user=match["user"])
    else:
        address = Address("path", url)
    if address is None or not address.path or address.path.startswith(":") or _passes_for_an_option(address):
        raise FieldvaultError("hub-address", url=without_password(url))
    if address.scheme == "path":
        path = str(root / Path(address.path).expanduser())
        return Address("path", os.path.realpath(path) if ".." in Path(path).parts else path)
    return address


def without_password(url: str) -> str:
    """The address as a person may see it, even where it makes no sense."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


def _from_url(url: str, scheme: str | None) -> Address | None:
    if scheme is None:
        return None
    if scheme == "path":
        path = unquote(url.partition("://")[2])
        # file:///C:/hub.git names a drive, and a host before the path would be a Windows share that nobody meant.
        return Address(scheme, path[1:] if re.match(r"/[A-Za-z]:", path) else path) if path.startswith("/") else None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    path = parts.path if scheme in ("http", "https") else unquote(parts.path)
    if scheme == "ssh" and path.startswith("/~"):
        path = path[1:]
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return Address(scheme, path, host, port or _PORTS[scheme], user, password)


def _passes_for_an_option(address: Address) -> bool:
    parts = (address.host, address.user or "", address.path if address.scheme == "ssh" else "")
    return any(part.startswith("-") or "\n" in part or "\0" in part for part in parts)
