"""Real git beside ours, in an environment that no machine's settings reach.

Law: a test never reads the configuration, the identity or the clock of the person who runs it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

AUTHOR = "Claire Martin <claire@example.org>"
DATE = "1772437200 +0100"  # 2 March 2026, 08:40 in Paris

PINNED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Claire Martin",
    "GIT_AUTHOR_EMAIL": "claire@example.org",
    "GIT_AUTHOR_DATE": DATE,
    "GIT_COMMITTER_NAME": "Claire Martin",
    "GIT_COMMITTER_EMAIL": "claire@example.org",
    "GIT_COMMITTER_DATE": DATE,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}


def pinned_environment(**overrides: str) -> dict[str, str]:
    """This process's environment without any GIT_* of the machine, with ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | PINNED | overrides


class Git:
    """Runs real git in one folder: `git("status", "--porcelain")` returns its output as text."""

    def __init__(self, path: Path, **environment: str) -> None:
        self.path = path
        self.environment = pinned_environment(**environment)

    def __call__(self, *arguments: str, stdin: str | None = None, **environment: str) -> str:
        """stdout without its last newline; a failure shows git's stderr."""
        output = self.raw(*arguments, stdin=None if stdin is None else stdin.encode(), **environment)
        return output.decode("utf-8", "surrogateescape").removesuffix("\n")

    def raw(self, *arguments: str, stdin: bytes | None = None, **environment: str) -> bytes:
        done = self.run(*arguments, stdin=stdin, **environment)
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
        return done.stdout

    def run(
        self, *arguments: str, stdin: bytes | None = None, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """For commands that may fail: look at `returncode`, `stdout`, `stderr`."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self.environment | environment,
            input=stdin if stdin is not None else b"",
            capture_output=True,
        )

    def init(self, *, bare: bool = False) -> Git:
        self.path.mkdir(parents=True, exist_ok=True)
        self("init", "-q", "-b", "main", *(["--bare"] if bare else []))
        return self

    def commit_files(self, files: dict[str, str | bytes | None], message: str = "change", **environment: str) -> str:
        """Write (or with None remove) these files, commit everything, and return the new commit's id."""
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.encode() if isinstance(content, str) else content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message, **environment)
        return self("rev-parse", "HEAD")

    def assert_sound(self) -> None:
        """git fsck has nothing to say."""
        done = self.run("fsck", "--strict", "--no-dangling", "--no-progress")
        said = (done.stdout + done.stderr).decode(errors="replace")
        said = "\n".join(line for line in said.splitlines() if not line.startswith("notice: "))
        assert (done.returncode, said) == (0, "")
