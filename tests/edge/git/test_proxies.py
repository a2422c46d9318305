"""The proxy on the way to an http hub: which one it is, beside real git, and what is said of one that is of no use."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldvault.edge.git.hubs.link import Limits
from fieldvault.edge.git.hubs.wire import open_hub
from fieldvault.edge.git.store.objects import Objects
from fieldvault.errors import HubUnreachable
from tests import peers
from tests.edge.git.conftest import Servers
from tests.edge.git.failing import MAIN, failure, tips
from tests.gitenv import Git

pytestmark = pytest.mark.usefixtures("nobodys_settings")


@pytest.fixture
def proxy() -> Iterator[peers.HttpProxy]:
    with peers.HttpProxy() as one:
        yield one


class Person:
    """Somebody with settings of their own: the environment, git's, and a vault whose hub is at `url`."""

    def __init__(self, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = folder / "settings"
        self._patch = monkeypatch
        if Path(before := os.environ["GIT_CONFIG_GLOBAL"]).is_file():
            self.settings.write_text(Path(before).read_text())
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(self.settings))
        self.git = Git(folder / "vault", GIT_CONFIG_GLOBAL=str(self.settings)).init()
        self.git("config", "remote.origin.url", url)
        self.url = url

    def has(self, name: str, value: str) -> None:
        if name.endswith(("_proxy", "_PROXY")):
            self._patch.setenv(name, value)
            self.git.environment[name] = value
        elif name.startswith("vault "):
            self.git("config", name.removeprefix("vault "), value)
        else:
            self.git("config", "--file", str(self.settings), name, value)

    def ask(self) -> None:
        with open_hub(self.url, self.git.path) as hub:
            hub.tips()


# What a person has set; PROXY is where the proxy is, HUB where the hub is.
THROUGH: list[dict[str, str]] = [
    {"http_proxy": "http://PROXY"},
    {"http_proxy": "PROXY"},
    {"http_proxy": "http://PROXY", "no_proxy": "example.org"},
    {"all_proxy": "http://PROXY"},
    {"ALL_PROXY": "http://PROXY"},
    {"http.proxy": "http://PROXY"},
    {"http.proxy": "http://PROXY", "http_proxy": "http://no-such-proxy.invalid:1"},
    {"remote.origin.proxy": "http://PROXY", "http.proxy": "http://no-such-proxy.invalid:1"},
    {"http.http://HUB.proxy": "http://PROXY", "http.proxy": ""},
    {"http.http://HUB/.proxy": "", "http.http://HUB/vaults/.proxy": "http://PROXY"},
    {"http.http://HUB/.proxy": "http://PROXY", "http.http://HUB/vau.proxy": ""},
    {"http.http://*.0.0.1:PORT/.proxy": "", "http.http://HUB/.proxy": "http://PROXY"},
]
WITHOUT: list[dict[str, str]] = [
    {},
    {"https_proxy": "http://PROXY"},
    {"http_proxy": "http://PROXY", "no_proxy": "127.0.0.1"},
    {"http.proxy": "http://PROXY", "no_proxy": "*"},
    {"http.proxy": "", "http_proxy": "http://PROXY"},
    {"remote.origin.proxy": "", "http.proxy": "http://PROXY"},
    {"vault remote.other.proxy": "http://PROXY"},
    {"http.https://HUB/.proxy": "http://PROXY"},
    {"http.http://HUB/others/.proxy": "http://PROXY"},
    {"http.http://marc@HUB/.proxy": "http://PROXY"},
    {"http.http://127.0.0.1/.proxy": "http://PROXY"},
    {"http.http://*.0.0.1:PORT/.proxy": "", "http.proxy": "http://PROXY"},
]


@pytest.mark.peers
@pytest.mark.parametrize(
    ("settings", "through"), [(one, True) for one in THROUGH] + [(one, False) for one in WITHOUT], ids=str
)
def test_the_proxy_is_the_one_that_git_takes(
    settings: dict[str, str],
    through: bool,
    proxy: peers.HttpProxy,
    servers: Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Git(servers.root / "vaults" / f"{tmp_path.name}.git").init(bare=True)
    url = servers.http().url(f"vaults/{hub.path.name}")
    place = url.split("/")[2]
    marc = Person(tmp_path, url, monkeypatch)
    for name, value in settings.items():
        name = name.replace("HUB", place).replace("PORT", place.partition(":")[2])
        marc.has(name, value.replace("PROXY", f"127.0.0.1:{proxy.port}"))
    marc.git("ls-remote", "origin")
    assert bool(proxy.heard) == through, "git does otherwise"
    proxy.heard.clear()
    marc.ask()
    assert bool(proxy.heard) == through


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_vault_names_the_proxy_of_its_hub_where_that_proxy_sees_nothing(
    kind: str, proxy: peers.HttpProxy, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marc = Person(tmp_path, servers.url(kind, servers.repository().path.name, monkeypatch), monkeypatch)
    marc.has("vault remote.origin.proxy", f"http://127.0.0.1:{proxy.port}")
    marc.has("vault http.proxy", "http://no-such-proxy.invalid:1")
    marc.ask()
    assert [line.split()[0] for line in proxy.heard] == (["CONNECT"] if kind == "https" else [])


@pytest.mark.peers
@pytest.mark.parametrize("way", ["http", "https"])
@pytest.mark.parametrize("kind", ["http", "https"])
def test_all_of_git_goes_through(
    kind: str, way: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marc = Person(tmp_path, servers.url(kind, servers.repository().path.name, monkeypatch), monkeypatch)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(servers.http().authority))
    certificate = servers.http().certificate if way == "https" else None
    with peers.HttpProxy(certificate=certificate) as proxy:
        marc.has("all_proxy", f"{way}://127.0.0.1:{proxy.port}")
        _push_ask_and_fetch(marc, tmp_path)
    assert proxy.heard


def _push_ask_and_fetch(marc: Person, tmp_path: Path) -> None:
    tip = marc.git.commit_files({"a.yaml": "a: 1\n" * 10_000})
    with open_hub(marc.url, marc.git.path) as hub, Objects(marc.git.path / ".git") as objects:
        assert hub.publish(objects, {MAIN: (None, tip)}) == {MAIN: None}
        assert hub.tips() == {MAIN: tip}
    other = Git(tmp_path / "other").init()
    with open_hub(marc.url, other.path) as hub, Objects(other.path / ".git") as objects:
        hub.fetch(objects, [tip], [])
        assert tip in objects


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ("socks5://marc:secret@10.0.0.1:1080", "hub-proxy-socks"),
        ("socks5h://marc:secret@10.0.0.1:1080", "hub-proxy-socks"),
        ("ftp://marc:secret@10.0.0.1:1080", "hub-proxy"),
        ("marc:secret@10.0.0.1:1080:", "hub-proxy"),
    ],
)
def test_a_proxy_that_is_none_of_ours(named: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", named)
    error = failure(tips("http://hub.example/hub.git", tmp_path))
    assert (error.kind, error.facts["proxy"]) == (kind, named.partition("@")[2])
    monkeypatch.setenv("no_proxy", "hub.example")
    assert failure(tips("http://hub.example/hub.git", tmp_path)).kind == "hub-unreachable"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("named", ["marc:%C3%A9t%C3%A9@", "http://marc:%C3%A9t%C3%A9@", "marc@"])
def test_a_proxy_hears_who_wants_through(
    named: str, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the address has a name alone, the credential helpers know the password."""
    with peers.HttpProxy("407 Who are you?") as proxy:
        marc = Person(tmp_path, f"{scheme}://hub.example/hub.git", monkeypatch)
        marc.has("http.proxy", f"{named}127.0.0.1:{proxy.port}")
        marc.has(f"credential.http://127.0.0.1:{proxy.port}.helper", "!f() { echo password=été; }; f")
        error = failure(marc.ask)
    assert isinstance(error, HubUnreachable)
    assert error.facts == {"host": "hub.example", "reason": "proxy-login"}
    login = base64.b64encode("marc:été".encode()).decode()
    assert f"proxy-authorization: basic {login}".lower() in proxy.heard[0].lower()


def test_a_proxy_that_lets_nobody_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with peers.HttpProxy("403 Not from here") as proxy:
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{proxy.port}")
        error = failure(tips("https://hub.example/hub.git", tmp_path))
    assert error.facts == {"host": "hub.example", "reason": "proxy-refused"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", f"127.0.0.1:{peers.free_port()}")
    error = failure(tips(f"{scheme}://hub.example/hub.git", tmp_path))
    assert error.facts == {"host": "hub.example", "reason": "proxy"}


@pytest.mark.peers
def test_a_certificate_is_judged_through_a_proxy_as_well(
    proxy: peers.HttpProxy, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", f"127.0.0.1:{proxy.port}")
    error = failure(tips(servers.http().secure_url("hub.git"), tmp_path, Limits()))
    assert (error.kind, error.facts) == ("hub-certificate", {"host": "127.0.0.1", "reason": "authority"})


@pytest.mark.peers
def test_the_authorities_of_one_hub(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    servers.log_in(monkeypatch)
    authority = os.environ["GIT_SSL_CAINFO"]
    monkeypatch.delenv("GIT_SSL_CAINFO")
    url = servers.http().secure_url(servers.repository().path.name)
    marc = Person(tmp_path, url, monkeypatch)
    marc.has("http.https://other.example.sslCAInfo", authority)
    assert failure(marc.ask).kind == "hub-certificate"
    marc.has(f"http.{servers.http().secure}.sslCAInfo", authority)
    marc.ask()
