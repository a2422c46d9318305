"""What `fieldvault.yaml` says: the record types, where they lie, and how attachments travel.

Law: settings that a newer Fieldvault wrote are refused by their `format`; everything unknown in them is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from fieldvault.core.names import judge_path, type_of
from fieldvault.core.pointers import CHUNK_ABOVE_BYTES, CHUNK_ABOVE_MOST_BYTES
from fieldvault.errors import SchemaInvalid

FORMAT = 1
NEWER = "config-newer"

_SIZE = re.compile(r"([0-9]{1,12}) ?(B|KiB|MiB|GiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class RecordType(NamedTuple):
    """One type of record: its name, the folder of its files, the path of its schema ("" for none)."""

    name: str
    folder: str
    schema: str


class Settings(NamedTuple):
    """The settings of one vault. `phone_country` is an ISO 3166-1 code for numbers written without one; attachments of
    more than `chunk_above` bytes are committed as pointers.
    """

    phone_country: str = ""
    records: Mapping[str, RecordType] = {}
    chunk_above: int = CHUNK_ABOVE_BYTES

    def type_of(self, path: str) -> RecordType | None:
        """The type of the record at `path`; None where it lies outside every folder of `records`."""
        name = type_of(path, {kind.folder: kind.name for kind in self.records.values()})
        return self.records[name] if name else None


def settings_from(value: object) -> Settings:
    """Settings from the parsed file. Raises SchemaInvalid with the field that is wrong."""
    if not isinstance(value, Mapping):
        raise SchemaInvalid("config-no-mapping", field="")
    if (found := str(value.get("format"))) != str(FORMAT):
        kind = NEWER if found.isdecimal() and int(found) > FORMAT else "config-format"
        raise SchemaInvalid(kind, field="format", found=found, known=FORMAT)
    records = value.get("records") or {}
    if not isinstance(records, Mapping):
        raise SchemaInvalid("config-wrong-type", field="records")
    return Settings(
        phone_country=str(value.get("phone_country") or ""),
        records={str(name): _record_type(str(name), kind) for name, kind in records.items()},
        chunk_above=_chunk_above(value.get("attachments") or {}),
    )


def _chunk_above(attachments: object) -> int:
    if not isinstance(attachments, Mapping):
        raise SchemaInvalid("config-wrong-type", field="attachments")
    if "chunk_above" not in attachments:
        return CHUNK_ABOVE_BYTES
    size = _SIZE.fullmatch(str(attachments["chunk_above"]))
    if size is None:
        raise SchemaInvalid("config-wrong-type", field="attachments/chunk_above")
    return min(int(size[1]) * _UNITS[size[2]], CHUNK_ABOVE_MOST_BYTES)


def _record_type(name: str, kind: object) -> RecordType:
    if not isinstance(kind, Mapping) or not isinstance(kind.get("folder"), str):
        raise SchemaInvalid("config-wrong-type", field=f"records/{name}")
    folder, schema = kind["folder"].strip("/"), str(kind.get("schema") or "")
    for path in filter(None, (folder, schema)):
        if judge_path(path):
            raise SchemaInvalid("config-bad-path", field=f"records/{name}", found=path)
    return RecordType(name, folder, schema)
