"""Opening a hub by its address.

Law: a transport is loaded when an address needs it. Settings that run a program or weaken a check are the person's
own, from GitConfig(None) and the environment: a vault's `.git/config` decides none of them, but for the proxy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.edge.git.gitdir.config import GitConfig
from fieldvault.edge.git.hubs.address import Address, parse_address
from fieldvault.edge.git.hubs.bundle import BundleHub, is_bundle
from fieldvault.edge.git.hubs.httpsettings import http_setting
from fieldvault.edge.git.hubs.hub import STALE, Hub
from fieldvault.edge.git.hubs.link import DEFAULT_LIMITS, Limits, Progress, no_progress

if TYPE_CHECKING:
    from fieldvault.edge.git.hubs.http import HttpClient
    from fieldvault.edge.git.hubs.streamclient import Channel, StreamClient

__all__ = ["STALE", "Hub", "Limits", "Progress", "open_hub"]


def open_hub(url: str, root: Path, progress: Progress | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Hub:
    """The hub at `url`; a relative path counts from `root`. Nothing is waited for, but a connection is begun: ssh logs
    in, and git starts behind git://, while the caller is busy.

    Raises FieldvaultError("hub-address", url), what find_proxy raises, and for a path hub what PathHub raises. A bundle
    is a hub that only gives.
    """
    address = parse_address(url, root)
    if address.scheme == "path" and is_bundle(Path(address.path)):
        return BundleHub(Path(address.path), progress or no_progress)
    if address.scheme == "path":
        from fieldvault.edge.git.hubs.pathhub import PathHub

        return PathHub(Path(address.path), progress or no_progress)
    client = _client(address, root, limits, progress or no_progress)
    from fieldvault.edge.git.hubs.remotehub import RemoteHub

    return RemoteHub(address, client, progress or no_progress)


def _client(address: Address, root: Path, limits: Limits, progress: Progress) -> StreamClient | HttpClient:
    person = GitConfig(None)
    if address.scheme in ("http", "https"):
        return _http_client(address, root, limits, progress, person)
    return _stream_client(_opener(address, limits, progress, person))


def _http_client(address: Address, root: Path, limits: Limits, progress: Progress, person: GitConfig) -> HttpClient:
    """A connection is begun before anything else, and made while we load what speaks git."""
    from fieldvault.edge.git.hubs.httpway import HttpWay
    from fieldvault.edge.git.hubs.proxy import find_proxy

    authorities = os.environ.get("GIT_SSL_CAINFO") or http_setting(person, "sslCAInfo", address)
    way = HttpWay(address, limits, authorities, find_proxy(address, person, GitConfig(root / ".git")))
    try:
        from fieldvault.edge.git.hubs.http import HttpClient
    except BaseException:  # a person who interrupts
        way.close()
        raise
    return HttpClient(address, way, progress)


def _opener(address: Address, limits: Limits, progress: Progress, person: GitConfig) -> Callable[[str, int], Channel]:
    """What opens a channel to a service of git, by a version of its protocol."""
    if address.scheme == "ssh":
        from fieldvault.edge.git.hubs.ssh import SshChannel

        program = os.environ.get("GIT_SSH_COMMAND") or person.get("core", "sshCommand") or "ssh"
        return lambda service, version: SshChannel(address, service, version, limits, progress, program)
    from fieldvault.edge.git.hubs.tcp import TcpChannel

    return lambda service, version: TcpChannel(address, service, version, limits, progress)


def _stream_client(opened: Callable[[str, int], Channel]) -> StreamClient:
    """The far end is on its way before anything else, and gets ready while we load what speaks git."""
    asking = opened("upload-pack", 2)
    try:
        import fieldvault.edge.git.hubs.remotehub  # noqa: F401 - which open_hub needs: all that takes time is here
        from fieldvault.edge.git.hubs.streamclient import StreamClient
    except BaseException:  # a person who interrupts
        asking.close()
        raise
    return StreamClient(opened, asking)
