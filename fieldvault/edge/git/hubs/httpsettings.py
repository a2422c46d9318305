"""What a person's git settings say for the way to one http hub.

Law: `http.<url>.*` counts before `http.*`, and of several that fit the one that fits most closely, as in git: by its
host, then by its path, then by its user.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.hubs.address import Address, parse_address
from fieldvault.errors import FieldvaultError

_Closeness = tuple[int, int, bool]


def http_setting(settings: GitConfig, name: str, address: Address) -> str | None:
    """The value that `http.NAME` has for the hub at `address`; None where it is not set."""
    closest: _Closeness = (0, 0, False)
    value = settings.get("http", name)
    for url, said in settings.by_subsection("http", name).items():
        closeness = _closeness(url, address)
        if closeness is not None and closeness >= closest:
            closest, value = closeness, said
    return value


def _closeness(url: str, address: Address) -> _Closeness | None:
    """How much of `address` the `url` of a setting names; None where it means another place."""
    with contextlib.suppress(FieldvaultError):
        meant = parse_address(f"{url.rstrip('/')}/", Path())
        same = (meant.scheme, meant.port) == (address.scheme, address.port) and meant.user in (None, address.user)
        below = f"{address.path.rstrip('/')}/".startswith(meant.path)
        if same and below and _is_host(address.host, meant.host):
            return len(meant.host), len(meant.path), meant.user is not None
    return None


def _is_host(host: str, meant: str) -> bool:
    """A `*` stands for one part of a name."""
    parts, wanted = host.split("."), meant.split(".")
    return len(parts) == len(wanted) and all(want in ("*", part) for part, want in zip(parts, wanted, strict=True))
