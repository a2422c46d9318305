"""The files that a new vault starts from: they come with the package, and `sample-repo/` is their one source.

Law: `fv init` and the documentation use the same types; nothing here is written by hand a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fieldvault.core.names import CONFIG_PATH, is_schema

_PACKAGE = Path(__file__).resolve().parent.parent


def source() -> Path:
    """The sample vault: inside an installed wheel, or beside the package in a source checkout."""
    installed = _PACKAGE / "sample"
    return installed if installed.is_dir() else _PACKAGE.parent / "sample-repo"


def template_files(sample: bool) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file: settings and schemas, with `sample` the records and attachments as well."""
    folder = source()
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_file() and (sample or path == CONFIG_PATH or is_schema(path)):
            yield path, file.read_bytes()
