"""Which paths a vault can hold on every machine, and what a path is: record, attachment, or neither.

Law: a path is judged by its text and mode alone, the same on every system, so that a name which one colleague's
machine cannot write is refused on all of them. Case and Unicode form never tell two paths apart (`fold`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from fieldvault.core.snapshot import EXECUTABLE, FILE, LINK, SUBMODULE

IGNORES = ".gitignore"
DEPTH_MAX = 16
NAME_BYTES_MAX = 255

# Sets, not patterns: those take a millisecond of every command to compile, and most commands judge no name.
_WINDOWS_PORTS = [port + number for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"]
_WINDOWS_DEVICES = frozenset(["con", "prn", "aux", "nul", "conin$", "conout$", *_WINDOWS_PORTS])
_WINDOWS_FORBIDDEN = frozenset('<>:"|?*\\')
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # the direction of text
_CONTROL = frozenset([*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *_TURNING])
# HFS+ drops these when it compares names: `.g\u200cit` would be `.git` there.
_HFS_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])

_LEAVINGS = r"""(?xi) 4913 | .*\.sw[a-z] | .*~ | \.\#.* | \#.*\# | \.~lock\..*\# | ~\$.* | \.goutputstream-.*
    | .*\.part | .*\.crdownload | .*\.tmp | \.DS_Store | Thumbs\.db | desktop\.ini | \.fv-.* """


def fold(path: str) -> str:
    """The form under which two paths are one file on some machine: NFC, case folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def judge_name(name: str) -> str | None:
    """Why one component of a path is refused, as a key of the catalogue; None when it is fine."""
    if not name or name in (".", ".."):
        return "name-relative"
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError:
        return "name-not-utf8"
    if len(encoded) > NAME_BYTES_MAX:
        return "name-too-long"
    if not _CONTROL.isdisjoint(name):
        return "name-control"
    bare = name if name.isascii() else unicodedata.normalize("NFC", name).translate(_HFS_IGNORED)
    bare = bare.rstrip(". ").casefold()
    if bare in (".git", ".gitmodules") or (bare.startswith("git~") and bare[4:].isdigit() and bare.isascii()):
        return "name-git"
    if name.partition(".")[0].rstrip().casefold() in _WINDOWS_DEVICES:
        return "name-device"
    if not _WINDOWS_FORBIDDEN.isdisjoint(name):
        return "name-forbidden"
    if name[-1] in ". ":
        return "name-trailing"
    return None


def judge_path(path: str, mode: int = FILE) -> str | None:
    """Why a file at this path with git's `mode` is refused, as a key of the catalogue; None when it is fine."""
    if mode not in (FILE, EXECUTABLE):
        return "mode-link" if mode == LINK else "mode-submodule" if mode == SUBMODULE else "mode-unknown"
    names = path.split("/")
    if len(names) > DEPTH_MAX:
        return "path-too-deep"
    for name in names:
        reason = judge_name(name)
        if reason:
            return reason
    return None


def twins(names: Iterable[str]) -> dict[str, list[str]]:
    """The groups of names that are one name on some machine: {folded: [spelling, ...]}, groups of two and more."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(fold(name), []).append(name)
    return {key: sorted(group) for key, group in groups.items() if len(group) > 1}


def is_leaving(name: str) -> bool:
    """True for what editors and downloads leave beside a file: swap, backup, lock and temporary files."""
    return re.fullmatch(_LEAVINGS, name) is not None


def is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def is_record(path: str) -> bool:
    """A YAML file that is neither the vault's own (config, schemas, conflicts) nor hidden."""
    return is_yaml(path) and not is_hidden(path) and not is_own(path)


def is_schema(path: str) -> bool:
    return path.startswith("schemas/") and is_yaml(path)


def is_conflict(path: str) -> bool:
    return path.startswith("conflicts/") and path.endswith(".yaml")


def is_own(path: str) -> bool:
    """A file that says what the vault is: its config, a schema, a conflict."""
    return path == CONFIG_PATH or path.startswith(("schemas/", "conflicts/"))


CONFIG_PATH = "fieldvault.yaml"
ATTRIBUTES_PATH = ".gitattributes"


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is `folder` or lies below it; "" is the vault's own, in which everything lies."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def beside(path: str, mark: str) -> str:
    """The name of the other version that is kept beside `path`: `a/brochure.pdf` -> `a/brochure~<mark>.pdf`."""
    folder, _, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    name = f"{stem}~{mark}.{extension}" if dot and stem else f"{name}~{mark}"
    return f"{folder}/{name}" if folder else name


def type_of(path: str, folders: Mapping[str, str]) -> str | None:
    """The record type of a path: that of the longest folder (folder -> type) that holds it."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in folders:
            return folders[folder]
    return None
