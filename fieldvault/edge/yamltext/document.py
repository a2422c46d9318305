"""Documents: one YAML file as a person wrote it, and as a value.

Law: `with_edits` changes the slots that differ and no other byte; what it gives is read again and compared with what
was meant before it is handed out.
"""

from __future__ import annotations

from collections.abc import Sequence

from fieldvault.core.nodes import Tree
from fieldvault.core.reading import find, value_of
from fieldvault.core.schema import DEFAULT, Schema
from fieldvault.core.values import FieldPath, Maybe, Value, same
from fieldvault.edge.yamltext.glance import plainly_readable
from fieldvault.edge.yamltext.guard import Limits
from fieldvault.edge.yamltext.reading import read_tree
from fieldvault.edge.yamltext.rereading import Reading
from fieldvault.errors import FieldvaultError, Unreadable

RECORD = Limits()


class Document:
    """A readable file: its bytes and the tree of its slots."""

    def __init__(self, data: bytes, reading: Reading, limits: Limits) -> None:
        self.data = data
        self.reading = reading
        self._limits = limits

    @property
    def tree(self) -> Tree:
        return self.reading.tree

    def value(self, schema: Schema = DEFAULT) -> Value:
        """The value under a schema; a map where the limits ask for one."""
        return value_of(self.tree.root.node, schema.root)

    def find(self, path: FieldPath, schema: Schema = DEFAULT) -> int | None:
        """The line of the field at a path, from 1; None where there is none. Items of a list by key, else by place."""
        found = find(self.tree.root, path, schema.root)
        return found[0].line if found else None

    def with_edits(self, edits: Sequence[tuple[FieldPath, Maybe]], schema: Schema = DEFAULT) -> bytes:
        """The file with these fields set (MISSING: removed), in order. An item of a list is addressed by its key.

        Raises `edit-unsafe` where the text around a field would make it read otherwise: such a field is edited by hand.
        """
        from fieldvault.core import editing, layout  # which who only reads need not load

        tree = editing.edited(self.tree, edits, schema)
        data = layout.data(tree)
        meant = value_of(tree.root.node, schema.root)
        if not self._reads_as(data, meant, schema):
            raise FieldvaultError("edit-unsafe", fields=tuple(path for path, _ in edits))
        return data

    def _reads_as(self, data: bytes, meant: Value, schema: Schema) -> bool:
        try:
            again = read(data, limits=self._limits, like=self)
            return same(again.value(schema), meant)
        except Unreadable as error:
            if error.kind in ("yaml-too-large", "yaml-too-many-nodes", "yaml-too-deep"):
                raise  # the edit is at fault, and this says how
            return False


def read(data: bytes, *, limits: Limits = RECORD, like: Document | None = None) -> Document:
    """Read one record. Raises Unreadable, with its line, for everything that a record may not be.

    `like`: another version of it. What both have alike is not read again; the line numbers there are the other's.
    """
    return Document(data, read_tree(data, limits, like.reading if like else None), limits)


def check(data: bytes, *, limits: Limits = RECORD) -> None:
    """Raise Unreadable exactly where `read` does, and cost a third of it where the record is a plain one."""
    if not plainly_readable(data, limits):
        read(data, limits=limits)


def dump(value: dict[str, Value] | list[Value]) -> bytes:
    """A new file for a value, in the house style."""
    from fieldvault.core import layout, writing

    return layout.data(writing.tree_of(value))
