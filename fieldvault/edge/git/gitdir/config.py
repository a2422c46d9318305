"""git's configuration and the person's identity, as git itself finds them.

Law: what git would read is what we read, from the same files in the same order; nothing is guessed.
`GitConfig(None)` leaves the vault's own file out: for settings that a prepared vault must not decide. Whoever is killed
while the vault's file is written leaves git's lock of it, and what tells the next one that it may take it away.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from fieldvault.edge.durable import OWN_FOLDER
from fieldvault.edge.git.gitdir.configtext import Key, edit, make_key, parse, parse_key
from fieldvault.edge.git.gitdir.locks import GitLock, break_left_locks
from fieldvault.edge.lock import FileLock
from fieldvault.errors import FieldvaultError

_WAIT_SECONDS = 1.0
_INCLUDE_DEPTH = 10  # git's own limit
_BOOLEANS = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0", ""), False)
_CRUD = "".join(map(chr, range(33))) + ".,:;<>\"\\'"  # what git takes off both ends of a name


class Identity(NamedTuple):
    """Who writes a commit, both as "Name <mail>"."""

    author: str
    committer: str


class GitConfig:
    """The settings that hold for one repository, or with `git_dir` None for the person alone."""

    def __init__(self, git_dir: Path | None, environment: Mapping[str, str] = os.environ) -> None:
        self._git_dir = git_dir
        self._environment = environment
        self._values: dict[Key, list[str]] | None = None

    @classmethod
    def of_file(cls, path: Path) -> GitConfig:
        """One file alone, without what it includes: where git looks for a repository's format."""
        config = cls(None, {})
        config._values = _by_key((setting.key, setting.value) for setting in parse(_read(path) or "", str(path)))
        return config

    def get(self, *name: str) -> str | None:
        """The value that counts of ("user", "name") or ("remote", "origin", "url"); None where it is not set."""
        values = self._settings().get(make_key(*name))
        return values[-1] if values else None

    def get_bool(self, *name: str) -> bool | None:
        """As git reads booleans; None where it is not set, or is none."""
        value = self.get(*name)
        return None if value is None else _BOOLEANS.get(value.lower())

    def section(self, name: str) -> dict[str, str]:
        """The variables of a section without subsection, by name."""
        return {key.name: values[-1] for key, values in self._settings().items() if key[:2] == (name, "")}

    def by_subsection(self, section: str, name: str) -> dict[str, str]:
        """The values of ("http", "proxy") in the sections that have a subsection, by that."""
        return {
            key.subsection: values[-1]
            for key, values in self._settings().items()
            if key.subsection and (key.section, key.name) == (section, name.lower())
        }

    def set_local(self, *name: str, value: str | None) -> None:
        """Set a variable in the repository's own file, or with None remove it; durable, under git's own lock.

        Busy("git-busy", path) where another process is writing the file, "vault-busy" where that is one of fv's.
        """
        assert self._git_dir is not None
        with _turn(self._git_dir):
            self._set(self._git_dir / "config", name, value, _locks(self._git_dir))

    def set_person(self, *name: str, value: str) -> bool:
        """Set a variable in the person's own file, as `git config --global` does; False where that is no file."""
        path = self._person_file()
        if path == Path(os.devnull) or (path.exists() and not path.is_file()):  # the person wants none
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._set(path, name, value)
        return True

    def _set(self, path: Path, name: tuple[str, ...], value: str | None, locks: Path | None = None) -> None:
        with GitLock(path, locks) as lock:
            lock.acquire(_WAIT_SECONDS)
            before = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
            text = edit(before, str(path), make_key(*name), value)
            lock.write([text.encode("utf-8", "surrogateescape")])
            if path.exists():
                lock.path.chmod(path.stat().st_mode)
            lock.commit()
        self._values = None

    def _person_file(self) -> Path:
        if "GIT_CONFIG_GLOBAL" in self._environment:
            return Path(self._environment["GIT_CONFIG_GLOBAL"])
        modern, classic = self._xdg() / "config", self._home() / ".gitconfig"
        return modern if modern.exists() and not classic.exists() else classic

    def identity(self) -> Identity | None:
        """Name and mail from GIT_AUTHOR_*, GIT_COMMITTER_*, the configuration and EMAIL; None where one is missing."""
        author, committer = self._person("author"), self._person("committer")
        return Identity(author, committer) if author and committer else None

    def origin_url(self) -> str | None:
        """The hub's address, with the person's `url.*.insteadOf` applied."""
        url = self.get("remote", "origin", "url")
        if url is None:
            return None
        rules = [
            (prefix, key.subsection)
            for key, prefixes in self._settings().items()
            if (key.section, key.name) == ("url", "insteadof")
            for prefix in prefixes
            if url.startswith(prefix)
        ]
        prefix, replacement = max(rules, key=lambda rule: len(rule[0]), default=("", ""))
        return replacement + url.removeprefix(prefix)

    def excludes_file(self) -> Path:
        """The person's own ignore patterns: core.excludesFile, or where git looks without it."""
        configured = self.get("core", "excludesfile")
        return self._expand(configured) if configured else self._xdg() / "ignore"

    def _person(self, role: str) -> str | None:
        found = {}
        for part in ("name", "email"):
            candidates = (
                self._environment.get(f"GIT_{role.upper()}_{part.upper()}"),
                self.get(role, part),
                self.get("user", part),
                self._environment.get("EMAIL") if part == "email" else None,
            )
            found[part] = _clean(next((value for value in candidates if value), ""))
        return f"{found['name']} <{found['email']}>" if all(found.values()) else None

    def _settings(self) -> dict[Key, list[str]]:
        if self._values is None:
            self._values = _by_key(self._all())
        return self._values

    def _all(self) -> Iterator[tuple[Key, str]]:
        for path in self._files():
            yield from self._file(path, 0)
        environment = self._environment
        count = environment.get("GIT_CONFIG_COUNT", "")
        for number in range(int(count) if count.isdigit() else 0):
            yield (
                parse_key(environment.get(f"GIT_CONFIG_KEY_{number}", "")),
                environment.get(f"GIT_CONFIG_VALUE_{number}", ""),
            )
        if parameters := environment.get("GIT_CONFIG_PARAMETERS"):  # what `git -c` hands down
            import shlex  # hardly anybody sets it

            for word in shlex.split(parameters):
                name, equals, value = word.partition("=")
                yield parse_key(name), value if equals else "true"

    def _files(self) -> Iterator[Path]:
        """System, then person, then repository: later ones count."""
        environment = self._environment
        if not _BOOLEANS.get(environment.get("GIT_CONFIG_NOSYSTEM", "").lower()):
            yield Path(environment.get("GIT_CONFIG_SYSTEM") or _system_file(environment))
        if "GIT_CONFIG_GLOBAL" in environment:
            yield Path(environment["GIT_CONFIG_GLOBAL"])
        else:
            yield self._xdg() / "config"
            yield self._home() / ".gitconfig"
        if self._git_dir is not None:
            yield self._git_dir / "config"

    def _file(self, path: Path, depth: int) -> Iterator[tuple[Key, str]]:
        text = _read(path)
        if text is None:
            return
        if depth > _INCLUDE_DEPTH:
            raise FieldvaultError("git-config-unreadable", path=str(path), line=1)
        for setting in parse(text, str(path)):
            yield setting.key, setting.value
            section, condition, name = setting.key
            if name != "path" or section not in ("include", "includeif"):
                continue
            if section == "include" or self._holds(condition, path.parent):
                yield from self._file(path.parent / self._expand(setting.value), depth + 1)

    def _holds(self, condition: str, folder: Path) -> bool:
        """An includeIf's `gitdir:` or `gitdir/i:`; the other conditions are about branches and remotes, not people."""
        keyword, _, pattern = condition.partition(":")
        if self._git_dir is None or keyword not in ("gitdir", "gitdir/i"):
            return False
        if pattern.startswith("./"):
            pattern = f"{folder.as_posix()}/{pattern[2:]}"
        pattern = self._expand(pattern).as_posix() + ("/" if pattern.endswith("/") else "")
        if not Path(pattern).is_absolute():
            pattern = "**/" + pattern
        if pattern.endswith("/"):
            pattern += "**"
        expression = re.compile(_wildmatch(pattern), re.DOTALL | (re.IGNORECASE if keyword == "gitdir/i" else 0))
        places = (self._git_dir.absolute(), self._git_dir.resolve())
        return any(expression.fullmatch(place.as_posix()) for place in places)

    def _expand(self, value: str) -> Path:
        return self._home() / value[2:] if value.startswith("~/") else Path(value)

    def _home(self) -> Path:
        home = self._environment.get("HOME") or self._environment.get("USERPROFILE")
        return Path(home) if home else Path.home()

    def _xdg(self) -> Path:
        configured = self._environment.get("XDG_CONFIG_HOME")
        return (Path(configured) if configured else self._home() / ".config") / "git"


def break_left_settings_lock(git_dir: Path) -> bool:
    """Give git back its lock of a repository's settings; True where a process of ours had left it, killed meanwhile."""
    locks, turn = _locks(git_dir), _turn(git_dir)
    left = turn.named() or (locks.is_dir() and any(locks.iterdir()))  # a power cut can take the name alone
    if not left or not turn.try_acquire():
        return False
    with turn:
        return bool(break_left_locks(locks))


def _turn(git_dir: Path) -> FileLock:
    """One of ours at a time writes the settings of a repository."""
    return FileLock(git_dir / OWN_FOLDER / "config.lock", _WAIT_SECONDS, "settings")


def _locks(git_dir: Path) -> Path:
    """By what lies here a lock is known to be ours."""
    return git_dir / OWN_FOLDER / "config-locks"


def _by_key(settings: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    values: dict[Key, list[str]] = {}
    for key, value in settings:
        values.setdefault(key, []).append(value)
    return values


def _system_file(environment: Mapping[str, str]) -> str:
    if os.name == "nt":
        return environment.get("PROGRAMFILES", r"C:\Program Files") + r"\Git\etc\gitconfig"
    return "/etc/gitconfig"


def _read(path: Path) -> str | None:
    """The text of a file, None where there is none that we may read."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return None


def _clean(value: str) -> str:
    return re.sub(r"[<>\n\0]", "", value.strip(_CRUD))


def _wildmatch(pattern: str) -> str:
    """A regular expression for git's wildcards: `*` and `?` stop at slashes, `**` does not."""
    parts = re.split(r"(\*\*/|/\*\*$|\*|\?)", pattern)
    wild = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part, re.escape(part)) for part in parts)
