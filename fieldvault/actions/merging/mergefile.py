"""Merging three files: for whoever has no vault, and for git as its merge driver.

Law: the same engine as sync's. Nothing is written before all three files were read; of the driver nothing but OURS is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.merging.recordmerge import Side, merge_record
from fieldvault.actions.records.types import Types, record_id
from fieldvault.core.conflicts import Conflict, merge_conflict
from fieldvault.core.names import is_conflict
from fieldvault.core.schema import DEFAULT, Schema
from fieldvault.core.values import MISSING, Value, to_pointer
from fieldvault.edge import schemas, yamltext
from fieldvault.edge.durable import write_whole
from fieldvault.edge.yamltext import Limits
from fieldvault.errors import FieldvaultError, Unreadable

ANY_DOCUMENT = Limits(bytes_max=64 * 1024 * 1024, nodes_max=5_000_000, map_only=False)


@dataclass(frozen=True)
class FileMerge:
    """`text` is the merged file, `conflicts` every field at which more than one value stands."""

    text: bytes
    conflicts: tuple[Conflict, ...]


def merge_files(ours: Path, base: Path, theirs: Path, schema: Path | None) -> FileMerge:
    """Merge three files by a schema, or by the default rules. An empty file is one that is not there.

    Raises Unreadable or SchemaInvalid with path and line, `file-missing`.
    """
    rules = _schema(schema) if schema else DEFAULT
    sides = [Side(_readable(path)) for path in (base, ours, theirs)]
    merged = merge_record(sides[0], sides[1], sides[2], rules, ours.name, limits=ANY_DOCUMENT)
    return FileMerge(merged.data or b"", merged.conflicts)


def write_merge(path: Path, merged: FileMerge) -> None:
    """Put the merged file in the place of OURS; through a link, as git does, into the file that it names."""
    write_whole(path.resolve(), merged.text, mode=path.stat().st_mode & 0o777)


def conflict_list(conflicts: tuple[Conflict, ...]) -> bytes:
    """The conflicts as a YAML list of field, kind, base and also."""
    listed: list[Value] = []
    for conflict in conflicts:
        base: dict[str, Value] = {} if conflict.base is MISSING else {"base": conflict.base}
        also: list[Value] = [{"removed": True} if value is MISSING else value for value in conflict.also]
        listed.append({"field": to_pointer(conflict.field), "kind": conflict.kind, **base, "also": also})
    return yamltext.dump(listed)


def drive(vault: Vault | None, base: Path, ours: Path, theirs: Path, path: str) -> int:
    """git's merge driver for the file at `path` of the vault: rewrites OURS; the number of conflicts that remain.

    A record is merged under HEAD's schemas, a conflict file by what it lets stand. Where a side cannot be read, both
    stand between git's markers, and nobody commits that by mistake: a file with markers is a draft.
    """
    texts = [one.read_bytes() or None for one in (base, ours, theirs)]
    try:
        merged, conflicts = _driven(vault, texts, path)
    except Unreadable:
        merged, conflicts = _between_markers(texts[1] or b"", texts[2] or b""), 1
    write_whole(ours, merged)  # git takes what stands there even where we were killed
    return conflicts


def _driven(vault: Vault | None, texts: list[bytes | None], path: str) -> tuple[bytes, int]:
    if is_conflict(path):
        return _merged_conflict(texts[0], texts[1], texts[2]), 0
    for text in texts:
        if text is not None:
            yamltext.read(text)
    key = next((found for text in texts if text and (found := record_id(text))), path)
    schema = Types(vault.objects, vault.head_tree()).schema(path) if vault else DEFAULT
    merged = merge_record(Side(texts[0]), Side(texts[1]), Side(texts[2]), schema, key)
    return merged.data or b"", len(merged.conflicts)


def _between_markers(ours: bytes, theirs: bytes) -> bytes:
    ended = [text if text.endswith(b"\n") or not text else text + b"\n" for text in (ours, theirs)]
    return b"<<<<<<< ours\n" + ended[0] + b"=======\n" + ended[1] + b">>>>>>> theirs\n"


def _merged_conflict(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> bytes:
    """Where nothing stands any more, the higher of the two: a driver of git cannot take a file away."""
    sides = [yamltext.read_conflict(text) if text else None for text in (base, ours, theirs)]
    shown = merge_conflict(*sides) or max(filter(None, sides[1:]), key=lambda side: side.rank)
    return yamltext.write_conflict(shown)


def _schema(path: Path) -> Schema:
    return schemas.load(_document(path), str(path))


def _readable(path: Path) -> bytes | None:
    """The bytes of a file that can be read as YAML; None for an empty one."""
    data = _bytes(path)
    if not data:
        return None
    _document(path)
    return data


def _document(path: Path) -> yamltext.Document:
    try:
        return yamltext.read(_bytes(path), limits=ANY_DOCUMENT)
    except Unreadable as error:
        error.facts["path"] = str(path)
        raise


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FieldvaultError("file-missing", path=str(path)) from error
