"""A real sshd, with keys of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.peers.ground import program, server_environment, short_folder
from tests.peers.inetd import Listener, Peer


@dataclass
class SshPeer(Peer):
    """`command` is what GIT_SSH_COMMAND must hold so that ssh trusts this server and logs in with the test's key."""

    command: str = ""


@contextlib.contextmanager
def sshd(root: Path, *, debian_defaults: bool = False) -> Iterator[SshPeer]:
    """ssh:// as the user who runs the tests. `debian_defaults`: without AcceptEnv GIT_PROTOCOL, so protocol v0."""
    server, keygen = program("sshd"), program("ssh-keygen")
    program("ssh")
    with short_folder() as folder:
        for name in ("host", "client", "stranger"):
            make_key = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(make_key, check=True, stdin=subprocess.DEVNULL)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's privilege separation wants it
        settings = [
            f"HostKey {folder}/host",
            f"AuthorizedKeysFile {folder}/authorized_keys",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin yes",
            "PrintMotd no",
            "SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null",
        ] + ([] if debian_defaults else ["AcceptEnv GIT_PROTOCOL"])
        (folder / "sshd_config").write_text("\n".join(settings) + "\n")
        restricted = f"restrict {(folder / 'client.pub').read_text()}"  # as docs/hub.md has it
        (folder / "authorized_keys").write_text(restricted)
        host_key = (folder / "host.pub").read_text().split(" ", 2)
        listener = Listener([server, "-i", "-e", "-f", str(folder / "sshd_config")], server_environment())
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{listener.port} {host_key[0]} {host_key[1]}\n")
        client = [
            f"IdentityFile {folder}/client",
            "IdentitiesOnly yes",
            "IdentityAgent none",
            f"UserKnownHostsFile {folder}/known_hosts",
            "GlobalKnownHostsFile /dev/null",
            "StrictHostKeyChecking yes",
        ]
        (folder / "ssh_config").write_text("\n".join(client) + "\n")
        try:
            prefix = f"ssh://{getpass.getuser()}@127.0.0.1:{listener.port}{root}/"
            yield SshPeer(root, prefix, listener, command=f"ssh -F {folder}/ssh_config")
        finally:
            listener.stop()
