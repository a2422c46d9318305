"""The command line of ssh for a hub, and what it means when ssh speaks.

Law: what the person configured counts before what is put here: never ask, never hang, share one log-in. Whatever
OpenSSH or the far git says becomes one of our errors.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from fieldvault.edge.git.hubs.address import Address
from fieldvault.edge.git.hubs.link import Limits
from fieldvault.errors import FieldvaultError, HubRefused, HubUnreachable

_SOCKET_NAME_MAX = 104  # macOS; Linux has 108
_CONTROL_PATH_GROWS = 38 + 17  # %C becomes 40 digits, and while ssh makes the socket its name is longer


def ssh_command(program: str, address: Address, limits: Limits) -> list[str]:
    """The command line up to the host. What the person's own command says comes first, and so wins in OpenSSH.
    FieldvaultError("ssh-command", program) where it is none.
    """
    words = _words(program)
    if Path(words[0]).name.lower().removesuffix(".exe") == "ssh":
        words += ["-x", *(f"-o{name}={value}" for name, value in _options(limits).items())]
        port_flag = "-p"
    else:
        port_flag = "-P" if "plink" in words[0].lower() else "-p"
    if address.port is not None:
        words += [port_flag, str(address.port)]
    return [*words, f"{address.user}@{address.host}" if address.user else address.host]


def _words(program: str) -> list[str]:
    try:
        if words := shlex.split(program, posix=os.name != "nt"):
            return words
    except ValueError as error:  # a quote that nothing closes
        raise FieldvaultError("ssh-command", program=program) from error
    raise FieldvaultError("ssh-command", program=program)


def _options(limits: Limits) -> Mapping[str, str]:
    """Never ask, never hang; one master connection serves the commands of a minute, where ssh can share one."""
    alive_seconds = max(1, round(limits.silence_seconds / 3))
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(max(1, round(limits.connect_seconds * 2))),  # it also covers the login
        "ServerAliveInterval": str(alive_seconds),
        "ServerAliveCountMax": "3",
        "SendEnv": "GIT_PROTOCOL",  # for a push too: a kept connection hands on only what its first command asked for
    }
    if (control := _control_path()) is not None:
        options |= {"ControlMaster": "auto", "ControlPath": control, "ControlPersist": "60"}
    return options


def _control_path() -> str | None:
    """Where ssh keeps the socket of a master connection: a folder that is ours alone; None where there is none."""
    if sys.platform == "win32":
        return None
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) if runtime else Path(tempfile.gettempdir(), f"fieldvault-{os.getuid()}")
    try:
        if not runtime:
            folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    path = f"{folder}/fv-%C"
    return path if private and len(path) + _CONTROL_PATH_GROWS < _SOCKET_NAME_MAX else None


def remote_command(service: str, path: str) -> str:
    """Quoted as git does it, also where nothing needs it: some servers read the line themselves."""
    return f"git-{service} '" + path.replace("'", "'\\''").replace("!", "'\\!'") + "'"


# What OpenSSH and git say, in the order of looking: the first words that occur decide.
_SSH_SAYS: list[tuple[str, Callable[[str], FieldvaultError]]] = [
    ("HOST IDENTIFICATION HAS CHANGED", lambda host: HubRefused("hub-host-key", host=host, reason="changed")),
    ("Host key verification failed", lambda host: HubRefused("hub-host-key", host=host, reason="unknown")),
    ("Permission denied", lambda host: HubRefused("hub-login", host=host)),
    ("Too many authentication failures", lambda host: HubRefused("hub-login", host=host)),
    ("Could not resolve hostname", lambda host: HubUnreachable("hub-unreachable", host=host, reason="name")),
    ("Connection refused", lambda host: HubUnreachable("hub-unreachable", host=host, reason="refused")),
    ("No route to host", lambda host: HubUnreachable("hub-unreachable", host=host, reason="no-route")),
    ("Network is unreachable", lambda host: HubUnreachable("hub-unreachable", host=host, reason="no-route")),
    ("timed out", lambda host: HubUnreachable("hub-unreachable", host=host, reason="timeout")),
    ("not responding", lambda host: HubUnreachable("hub-unreachable", host=host, reason="timeout")),
    ("does not appear to be a git repository", lambda host: HubRefused("hub-not-found", host=host)),
    ("epository not found", lambda host: HubRefused("hub-not-found", host=host)),
    ("not found", lambda host: HubRefused("hub-no-git", host=host)),  # the shell's "git-upload-pack: not found"
]


def ssh_failure(host: str, said: str) -> FieldvaultError:
    """What ssh or the far end said before the stream ended, as one of our errors."""
    for words, failure in _SSH_SAYS:
        if words in said:
            return failure(host)
    return HubUnreachable("hub-unreachable", host=host, reason="cut")
