"""What git would not look at: .gitignore, .git/info/exclude, the person's own excludes file.

Law: asked only about paths that git does not track; a tracked file is never ignored. dulwich knows the patterns, and
is imported when the first such path turns up.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.edge.git.gitdir.config import GitConfig

if TYPE_CHECKING:
    from dulwich.ignore import IgnoreFilterManager


class Ignore:
    """The ignore rules of one working folder as they stand now: each .gitignore is read once."""

    def __init__(self, root: Path, git_dir: Path, config: GitConfig) -> None:
        self._root = root
        self._git_dir = git_dir
        self._config = config
        self._manager: IgnoreFilterManager | None = None

    def matches(self, path: str, is_dir: bool = False) -> bool:
        """Whether git ignores a path (with `/`, from the root) itself, or a folder above it."""
        if self._manager is None:
            self._manager = self._load()
        return bool(self._manager.is_ignored(path + "/" if is_dir else path))

    def outside(self) -> str:
        """What rules from outside the working folder, as a text that another one follows when it changes."""
        stands = []
        for file in self._files():
            try:
                st = file.stat()
                stands.append((str(file), st.st_mtime_ns, st.st_size, st.st_ino))
            except OSError:
                stands.append((str(file), 0, 0, 0))
        return repr((stands, self._ignorecase()))

    def _load(self) -> IgnoreFilterManager:
        from dulwich.ignore import IgnoreFilter, IgnoreFilterManager

        ignorecase = self._ignorecase()
        filters = [IgnoreFilter.from_path(str(file), ignorecase) for file in self._files() if file.is_file()]
        return IgnoreFilterManager(str(self._root), filters, ignorecase)

    def _files(self) -> tuple[Path, Path]:
        """The person's, and the repository's own; the later one counts."""
        return self._config.excludes_file(), self._git_dir / "info" / "exclude"

    def _ignorecase(self) -> bool:
        return self._config.get_bool("core", "ignorecase") or False
