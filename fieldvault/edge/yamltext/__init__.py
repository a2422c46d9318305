"""The only room that knows PyYAML: bytes in, documents out, and documents back to bytes."""

from __future__ import annotations

from fieldvault.edge.yamltext.conflictfile import read_conflict, write_conflict
from fieldvault.edge.yamltext.document import Document, check, dump, read
from fieldvault.edge.yamltext.guard import Limits

__all__ = ["Document", "Limits", "check", "dump", "read", "read_conflict", "write_conflict"]
