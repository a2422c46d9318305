"""A real nginx with fcgiwrap and git http-backend, set up as docs/hub.md says."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.ground import (
    answers,
    free_port,
    git_program,
    program,
    server_environment,
    short_folder,
    stop_group,
    wait_for,
)
from tests.peers.inetd import Peer

USER, PASSWORD = "marc", "vélo 42"  # of the http peer; a space and an accent, since passwords have them


@dataclass
class HttpPeer(Peer):
    """nginx before git http-backend. `prefix` is plain http without a login; the others are by name."""

    secure: str = ""  # https, with basic auth
    authority: Path = Path()  # the test CA's certificate
    other_host: str = ""  # answers every path with a redirect to another host
    moved: str = ""  # every path below it stands above it now
    portal: str = ""  # answers every path with a page that asks to log in
    crowded: str = ""  # answers every path with 503 and Retry-After
    limited: str = ""  # takes no request above a kilobyte
    expired: str = ""  # https, by a certificate that was good until yesterday

    @property
    def certificate(self) -> tuple[Path, Path]:
        """The server's own, and its key."""
        return self.authority.with_name("server.pem"), self.authority.with_name("server.key")

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
    location /limited/ {{
      client_max_body_size 1k;
      rewrite ^/limited(/.*)$ $1 break;
      fastcgi_pass unix:{folder}/cgi;
    }}
    location /crowded/ {{ add_header Retry-After 3600 always; return 503; }}
  }}
  server {{
    listen 127.0.0.1:{expired_port} ssl;
    ssl_certificate {folder}/expired.pem;
    ssl_certificate_key {folder}/server.key;
  }}
  {site}
}}
"""


def site_of_the_page(folder: Path, root: Path, backend: str, port: int) -> str:
    """The nginx site that docs/hub.md shows, with this machine's paths in the place of the page's."""
    page = Path(__file__).parents[2] / "docs/hub.md"
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
            with started_nginx(server, folder, backend, root) as (port, secure_port, expired_port):
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
                    limited=f"{plain}limited/",
                    expired=f"https://127.0.0.1:{expired_port}/",
                )
        finally:
            stop_group(cgi)


@contextlib.contextmanager
def started_nginx(server: str, folder: Path, backend: str, root: Path) -> Iterator[tuple[int, int, int]]:
    """Start nginx on three free ports; another process may take one in between, so try again."""
    for _ in range(5):
        port, secure_port, expired_port = free_port(), free_port(), free_port()
        text = _NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",  # else the workers could not enter the test's folders
            folder=folder,
            backend=backend,
            root=root,
            port=port,
            expired_port=expired_port,
            site=site_of_the_page(folder, root, backend, secure_port),
        )
        (folder / "nginx.conf").write_text(text)
        command = [server, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, start_new_session=True)
        try:
            wait_for(lambda: process.poll() is not None or (answers(port) and answers(secure_port)))  # noqa: B023
            if process.poll() is None:
                yield port, secure_port, expired_port
                return
        finally:
            stop_group(process)
    pytest.fail(f"nginx does not start: {(folder / 'error.log').read_text()}")


def make_certificates(openssl: str, folder: Path) -> None:
    """ca.pem, and server.pem and expired.pem with server.key for 127.0.0.1, signed by it."""
    make_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    sign = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "extensions"]
    for command in (
        ["req", "-x509", *make_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA"],
        ["req", *make_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1"],
        [*sign, "-CAcreateserial", "-out", "server.pem", "-days", "2"],
        [*sign, "-out", "expired.pem", "-days", "-1"],
    ):  # fmt: skip
        subprocess.run([openssl, *command], cwd=folder, check=True, capture_output=True)
