"""Real git servers on loopback, started and stopped by the tests that need them.

Law: no mock of git. `git daemon` and `sshd` run in their inetd mode behind a listener of ours, so no port is guessed
and a test can count connections; nginx with fcgiwrap and `git http-backend` is started once a session. Each peer serves
the bare repositories below one folder and yields URLs; where a program is missing the tests skip and say so.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

USER, PASSWORD = "marc", "vélo 42"  # of the http peer; a space and an accent, since passwords have them


def program(name: str) -> str:
    """The program's path, looked for where servers are installed as well; skips the test when it is missing."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def git_program(name: str) -> str:
    """A program of git's own folder, such as git-http-backend."""
    folder = subprocess.run([program("git"), "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    if not Path(folder, name).exists():
        pytest.skip(f"{name} is not installed")
    return str(Path(folder, name))


def server_environment(**extra: str) -> dict[str, str]:
    """What a server's git sees: no configuration of the machine or of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull} | extra


class Listener:
    """A loopback port; every connection goes to one new process as its stdin and stdout, as inetd would do it."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command, self.environment = command, environment
        self.connections = 0
        self._children: list[subprocess.Popen[bytes]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed by stop()
            with connection:
                self.connections += 1
                self._children.append(
                    subprocess.Popen(
                        self.command,
                        stdin=connection,
                        stdout=connection,
                        stderr=subprocess.DEVNULL,
                        env=self.environment,
                        start_new_session=True,
                    )
                )

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        for child in self._children:
            stop_group(child)


def stop_group(child: subprocess.Popen[bytes]) -> None:
    """End a process and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(5)


@dataclass
class Peer:
    """A running server: `root` is the folder of the bare repositories it serves."""

    root: Path
    prefix: str  # what stands before the repository's path in a URL
    listener: Listener | None = None

    def url(self, name: str) -> str:
        return f"{self.prefix}{name}"


@contextlib.contextmanager
def git_daemon(root: Path) -> Iterator[Peer]:
    """git:// with pushes allowed."""
    command = [git_program("git-daemon"), "--inetd", f"--base-path={root}", "--export-all", "--enable=receive-pack"]
    listener = Listener(command, server_environment())
    try:
        yield Peer(root, f"git://127.0.0.1:{listener.port}/", listener)
    finally:
        listener.stop()


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
            f"AuthorizedKeysFile {folder}/client.pub",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin yes",
            "PrintMotd no",
            "SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null",
        ] + ([] if debian_defaults else ["AcceptEnv GIT_PROTOCOL"])
        (folder / "sshd_config").write_text("\n".join(settings) + "\n")
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


@dataclass
class HttpPeer(Peer):
    """nginx before git http-backend. `prefix` is plain http without a login; the others are by name."""

    secure: str = ""  # https, with basic auth
    authority: Path = Path()  # the test CA's certificate
    other_host: str = ""  # answers every path with a redirect to another host
    moved: str = ""  # every path below it stands above it now
    portal: str = ""  # answers every path with a page that asks to log in
    crowded: str = ""  # answers every path with 503 and Retry-After

    def secure_url(self, name: str) -> str:
        return f"{self.secure}{name}"


_NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  fastcgi_pass_header Status;
  fastcgi_param QUERY_STRING $query_string;
  fastcgi_param REQUEST_METHOD $request_method;
  fastcgi_param CONTENT_TYPE $content_type;
  fastcgi_param CONTENT_LENGTH $content_length;
  fastcgi_param SCRIPT_FILENAME {backend};
  fastcgi_param PATH_INFO $fastcgi_script_name;
  fastcgi_param REMOTE_USER $remote_user;
  fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol;
  fastcgi_param GIT_PROJECT_ROOT {root};
  fastcgi_param GIT_HTTP_EXPORT_ALL 1;
  fastcgi_param GIT_CONFIG_NOSYSTEM 1;
  fastcgi_param GIT_CONFIG_GLOBAL /dev/null;
  fastcgi_param GIT_CONFIG_COUNT 1;
  fastcgi_param GIT_CONFIG_KEY_0 http.receivepack;
  fastcgi_param GIT_CONFIG_VALUE_0 true;
  server {{
    listen 127.0.0.1:{port};
    location / {{ fastcgi_pass unix:{folder}/cgi; }}
    location /other-host/ {{ return 302 http://localhost:{port}/$fastcgi_script_name; }}
    location ~ ^/moved/(.*)$ {{ return 301 /$1$is_args$args; }}
    location /portal/ {{ default_type text/html; return 200 "<html><title>Hotel Wi-Fi</title>Please log in</html>"; }}
    location /crowded/ {{ add_header Retry-After 3600 always; return 503; }}
  }}
  {site}
}}
"""


def site_of_the_page(folder: Path, root: Path, backend: str, port: int) -> str:
    """The nginx site that docs/hub.md shows, with this machine's paths in the place of the page's."""
    page = Path(__file__).parents[1] / "docs/hub.md"
    site = page.read_text("utf-8").split("```nginx\n")[1].split("```")[0]
    for shown, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server_name hub.example": "server_name 127.0.0.1",
        "/etc/ssl/hub.pem": f"{folder}/server.pem",
        "/etc/ssl/hub.key": f"{folder}/server.key",
        "/etc/nginx/vault-users": f"{folder}/users",
        "include fastcgi_params": "include /etc/nginx/fastcgi_params",
        "/usr/lib/git-core/git-http-backend": backend,
        "/srv/vaults": str(root),
        "/run/fcgiwrap.socket": f"{folder}/cgi",
    }.items():
        assert shown in site, f"docs/hub.md no longer says {shown}"
        site = site.replace(shown, here)
    return site


@contextlib.contextmanager
def nginx(root: Path) -> Iterator[HttpPeer]:
    """http:// without a login, and the https:// site of docs/hub.md with one, by a certificate of the test CA."""
    server, gateway, openssl = program("nginx"), program("fcgiwrap"), program("openssl")
    backend = git_program("git-http-backend")
    with short_folder() as folder:
        make_certificates(openssl, folder)
        hashed = subprocess.run(
            [openssl, "passwd", "-apr1", "-stdin"], input=PASSWORD.encode(), capture_output=True, check=True
        ).stdout.decode()
        (folder / "users").write_text(f"{USER}:{hashed}")
        cgi = subprocess.Popen(
            [gateway, "-c", "4", "-s", f"unix:{folder}/cgi"],
            env=server_environment(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for(lambda: (folder / "cgi").exists())
            with started_nginx(server, folder, backend, root) as (port, secure_port):
                plain = f"http://127.0.0.1:{port}/"
                yield HttpPeer(
                    root,
                    plain,
                    secure=f"https://127.0.0.1:{secure_port}/",
                    authority=folder / "ca.pem",
                    other_host=f"{plain}other-host/hub.git",
                    moved=f"{plain}moved/",
                    portal=f"{plain}portal/hub.git",
                    crowded=f"{plain}crowded/hub.git",
                )
        finally:
            stop_group(cgi)


@contextlib.contextmanager
def started_nginx(server: str, folder: Path, backend: str, root: Path) -> Iterator[tuple[int, int]]:
    """Start nginx on two free ports; another process may take one in between, so try again."""
    for _ in range(5):
        port, secure_port = free_port(), free_port()
        text = _NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",  # else the workers could not enter the test's folders
            folder=folder,
            backend=backend,
            root=root,
            port=port,
            site=site_of_the_page(folder, root, backend, secure_port),
        )
        (folder / "nginx.conf").write_text(text)
        command = [server, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, start_new_session=True)
        try:
            wait_for(lambda: process.poll() is not None or (answers(port) and answers(secure_port)))  # noqa: B023
            if process.poll() is None:
                yield port, secure_port
                return
        finally:
            stop_group(process)
    pytest.fail(f"nginx does not start: {(folder / 'error.log').read_text()}")


def make_certificates(openssl: str, folder: Path) -> None:
    """ca.pem, and server.pem with server.key for 127.0.0.1, signed by it."""
    make_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
        ["req", "-x509", *make_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA"],
        ["req", *make_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-out", "server.pem", "-days", "2", "-extfile", "extensions"],
    ):  # fmt: skip
        subprocess.run([openssl, *command], cwd=folder, check=True, capture_output=True)


class BadLink:
    """A way to a server that carries `up` bytes to it and `down` bytes back in all, then cuts or goes silent.

    `flip` is the place, among the bytes that come back, of one bit that changes on its way.
    """

    def __init__(
        self,
        target: int,
        *,
        up: int | None = None,
        down: int | None = None,
        silent: bool = False,
        flip: int | None = None,
    ) -> None:
        self._target = target
        self._left = {"up": up, "down": down}
        self._silent = silent
        self._flip = flip
        self.carried = {"up": 0, "down": 0}
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                for source, sink, way in ((near, far, "up"), (far, near, "down")):
                    threading.Thread(target=self._carry, args=(source, sink, way), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                left = self._left[way]
                if left is not None:
                    data = data[:left]
                    self._left[way] = left - len(data)
                if way == "down" and self._flip is not None and 0 <= self._flip - self.carried[way] < len(data):
                    place = self._flip - self.carried[way]
                    data = data[:place] + bytes([data[place] ^ 1 << self._flip % 8]) + data[place + 1 :]
                self.carried[way] += len(data)
                sink.sendall(data)
                if self._left[way] == 0:
                    return None if self._silent else self._cut()
            sink.shutdown(socket.SHUT_WR)
        return None

    @property
    def connections(self) -> int:
        return len(self._open) // 2

    def _cut(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> BadLink:
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self._listening, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.01)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a socket (108 bytes), which pytest's tmp_path does not."""
    folder = Path(tempfile.mkdtemp(prefix="fvp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
