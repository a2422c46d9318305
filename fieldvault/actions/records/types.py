"""The record types as one tree defines them: settings, schemas, and the id of a record.

Law: all versions of a record are read under one tree's schemas. A schema that cannot be used never stops anybody from
saving: its records are read by the default rules, and `fv check` says what is wrong with it. Where a newer fv raised
the vault's format nothing is read, since nobody here knows by which rules.
"""

from __future__ import annotations

import re
from functools import cached_property

from fieldvault.core.names import CONFIG_PATH
from fieldvault.core.schema import DEFAULT, Schema
from fieldvault.core.settings import NEWER, Settings, settings_from
from fieldvault.core.snapshot import Entry, Oid
from fieldvault.core.values import Value
from fieldvault.edge import schemas, yamltext
from fieldvault.edge.git.store.objects import Reader
from fieldvault.edge.git.store.trees import find
from fieldvault.errors import FieldvaultError, SchemaInvalid, Unreadable

_ID_LINE = re.compile(rb"""^(?:\xef\xbb\xbf)?id:[ \t]+(["']?)([A-Za-z0-9_.-]+)\1[ \t]*(?:#.*)?\r?$""", re.M)


class Types:
    """The types of one tree. `problems`: what is wrong with its settings and the schemas looked at so far. Asked for
    those of a newer vault it raises `config-newer`.
    """

    def __init__(self, reader: Reader, tree: Oid | None) -> None:
        self._reader = reader
        self._tree = tree
        self._schemas: dict[str, Schema] = {}
        self.problems: list[FieldvaultError] = []

    @cached_property
    def settings(self) -> Settings:
        data = self._blob(CONFIG_PATH)
        if data is None:
            return Settings()
        try:
            return settings_from(yamltext.read(data).value(DEFAULT))
        except (Unreadable, SchemaInvalid) as error:
            if error.kind == NEWER:
                raise
            error.facts.setdefault("path", CONFIG_PATH)
            self.problems.append(error)
            return Settings()

    def type_of(self, path: str) -> str:
        """The name of the type of the record at `path`; "" for none."""
        kind = self.settings.type_of(path)
        return kind.name if kind else ""

    def schema(self, path: str) -> Schema:
        """The schema of the record at `path`."""
        kind = self.settings.type_of(path)
        return self._schema(kind.schema) if kind and kind.schema else DEFAULT

    def _schema(self, path: str) -> Schema:
        if path not in self._schemas:
            self._schemas[path] = self._load(path)
        return self._schemas[path]

    def _load(self, path: str) -> Schema:
        data = self._blob(path)
        try:
            if data is None:
                raise SchemaInvalid("schema-missing", path=path)
            return schemas.load(yamltext.read(data), path, self.settings.phone_country)
        except (Unreadable, SchemaInvalid) as error:
            error.facts.setdefault("path", path)
            self.problems.append(error)
            return DEFAULT

    def _blob(self, path: str) -> bytes | None:
        entry = find(self._reader, self._tree, path) if self._tree else None
        return self._reader.blob(entry.oid) if entry else None


def record_id(data: bytes) -> str | None:
    """The `id` of a record; None where it has none or cannot be read.

    Nearly every record has its id on a line of its own, and that line is found without parsing: a merge asks for the
    ids of all records that came or went.
    """
    lines = _ID_LINE.findall(data)
    if len(lines) == 1:
        return str(lines[0][1], "ascii")
    try:
        value = yamltext.read(data).value(DEFAULT)
    except Unreadable:
        return None
    found = value.get("id") if isinstance(value, dict) else None
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else None


def blob_of(reader: Reader, entry: Entry | None) -> bytes | None:
    return reader.blob(entry.oid) if entry else None


def value_of(data: bytes, types: Types, path: str) -> Value | None:
    """The value of a record; None where it cannot be read."""
    return _value(data, types.schema(path))


def value_of_entry(reader: Reader, entry: Entry, schema: Schema) -> Value | None:
    """The value of a version of a record; None where it cannot be read."""
    return _value(reader.blob(entry.oid), schema)


def _value(data: bytes, schema: Schema) -> Value | None:
    try:
        return yamltext.read(data).value(schema)
    except Unreadable:
        return None
