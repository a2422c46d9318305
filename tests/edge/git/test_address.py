"""Addresses are taken apart as git does it, and shown without passwords."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.address import parse_address
from fieldvault.errors import FieldvaultError

ROOT = Path("/home/claire/vault")


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "user", "path"),
    [
        ("git://hub.example/hub.git", "git", "hub.example", 9418, None, "/hub.git"),
        ("git://[::1]:9999/hub.git", "git", "::1", 9999, None, "/hub.git"),
        ("ssh://marc@hub.example:2222/srv/hub.git", "ssh", "hub.example", 2222, "marc", "/srv/hub.git"),
        ("ssh://hub.example/~marc/hub.git", "ssh", "hub.example", None, None, "~marc/hub.git"),
        ("ssh://hub.example/un%20hub.git", "ssh", "hub.example", None, None, "/un hub.git"),
        ("marc@hub.example:hub.git", "ssh", "hub.example", None, "marc", "hub.git"),
        ("hub.example:/srv/hub.git", "ssh", "hub.example", None, None, "/srv/hub.git"),
        ("[::1]:hub.git", "ssh", "::1", None, None, "hub.git"),
        ("h:hub.git", "ssh", "h", None, None, "hub.git"),
        ("https://hub.example/hub.git", "https", "hub.example", 443, None, "/hub.git"),
        ("HTTP://hub.example:8080/un%20hub.git", "http", "hub.example", 8080, None, "/un%20hub.git"),
    ],
)
def test_servers(url: str, scheme: str, host: str, port: int | None, user: str | None, path: str) -> None:
    address = parse_address(url, ROOT)
    assert (address.scheme, address.host, address.port, address.user, address.path) == (scheme, host, port, user, path)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/srv/hub.git", "/srv/hub.git"),
        ("../hub.git", "/home/claire/hub.git"),
        ("hub.git", "/home/claire/vault/hub.git"),
        ("./a:b", "/home/claire/vault/a:b"),
        ("file:///srv/un%20hub.git", "/srv/un hub.git"),
    ],
)
def test_paths_count_from_the_vault(url: str, path: str) -> None:
    address = parse_address(url, ROOT)
    assert (address.scheme, address.path) == ("path", path)


@pytest.mark.parametrize("url", ["C:\\hubs\\hub.git", "C:/hubs/hub.git", "file:///C:/hubs/hub.git"])
def test_a_drive_is_no_host(url: str) -> None:
    assert parse_address(url, Path()).scheme == "path"
    assert parse_address(url, Path()).path in ("C:\\hubs\\hub.git", "C:/hubs/hub.git")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hub.example/hub.git",
        "ext::sh -c evil",
        "ssh://-oProxyCommand=evil/hub.git",
        "ssh://-evil@hub.example/hub.git",
        "-oProxyCommand=evil:hub.git",
        "hub.example:-evil",
        "git://",
        "git://hub.example:port/hub.git",
        "file://share/hub.git",
        "https:///hub.git",
        "",
    ],
)
def test_what_no_hub_has_is_refused(url: str) -> None:
    with pytest.raises(FieldvaultError) as raised:
        parse_address(url, ROOT)
    assert raised.value.kind == "hub-address"


def test_a_password_is_used_and_never_shown() -> None:
    address = parse_address("https://marc:s%40cret@hub.example:8443/hub.git", ROOT)
    assert (address.user, address.password) == ("marc", "s@cret")
    assert address.shown == "https://hub.example:8443/hub.git"
    assert "s@cret" not in repr(address)
    with pytest.raises(FieldvaultError) as raised:
        parse_address("ftp://marc:secret@hub.example/hub.git", ROOT)
    assert "secret" not in str(raised.value.facts)


@pytest.mark.parametrize(
    "url", ["git://hub.example/hub.git", "ssh://marc@hub.example:2222/srv/hub.git", "https://[::1]:8443/hub.git"]
)
def test_what_is_shown_reads_as_the_same_address(url: str) -> None:
    assert parse_address(url, ROOT).shown == url


def test_a_folder_is_shown_without_the_way_there(tmp_path: Path) -> None:
    (tmp_path / "far/vault").mkdir(parents=True)
    (tmp_path / "vault").symlink_to(tmp_path / "far/vault")
    assert parse_address("../hub.git", tmp_path / "far/vault").path == str(tmp_path / "far/hub.git")
    assert parse_address("../hub.git", tmp_path / "vault").path == str(tmp_path / "far/hub.git")  # as the system has it
