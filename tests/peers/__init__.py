"""Real git servers on loopback, started and stopped by the tests that need them.

Law: no mock of git. `git daemon` and `sshd` run in their inetd mode behind a listener of ours, so no port is guessed
and a test can count connections; nginx with fcgiwrap and `git http-backend` is started once a session. Each peer serves
the bare repositories below one folder and yields URLs; where a program is missing the tests skip and say so.
"""

from tests.peers.badlink import BadLink, silent_server
from tests.peers.ground import free_port, program, short_folder
from tests.peers.httpproxy import HttpProxy
from tests.peers.inetd import Peer, git_daemon
from tests.peers.nginx import PASSWORD, USER, HttpPeer, nginx
from tests.peers.sshd import SshPeer, sshd

__all__ = [
    "PASSWORD", "USER", "BadLink", "HttpPeer", "HttpProxy", "Peer", "SshPeer", "free_port", "git_daemon", "nginx",
    "program", "short_folder", "silent_server", "sshd",
]  # fmt: skip
