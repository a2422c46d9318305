"""The files that come with the package: those a new vault starts from, and the merge cases that explain a strategy.

Law: `sample-repo/` and `tests/cases/merge/` are their one source; nothing here is written by hand a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fieldvault.core.names import CONFIG_PATH, is_schema

_PACKAGE = Path(__file__).resolve().parent.parent


def _source(installed: str, checkout: str) -> Path:
    """A folder of the package: inside an installed wheel, or beside the package in a source checkout."""
    inside = _PACKAGE / installed
    return inside if inside.is_dir() else _PACKAGE.parent / checkout


def template_files(sample: bool) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file: settings and schemas, with `sample` the records and attachments as well."""
    folder = _source("sample", "sample-repo")
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_file() and (sample or path == CONFIG_PATH or is_schema(path)):
            yield path, file.read_bytes()


def merge_case(name: str) -> dict[str, str]:
    """The files of one merge case as text: base, ours, theirs, expected, conflicts; "" for one that is not there."""
    folder = _source("cases", "tests/cases/merge") / name
    parts = ("base", "ours", "theirs", "expected", "conflicts")
    files = {part: folder / f"{part}.yaml" for part in parts}
    return {part: file.read_text(encoding="utf-8") if file.exists() else "" for part, file in files.items()}
