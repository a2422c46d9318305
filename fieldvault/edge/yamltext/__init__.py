"""The only room that knows PyYAML: bytes in, documents out, and documents back to bytes.

PyYAML is loaded when the first file is read: most commands find nothing to read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fieldvault.edge.yamltext.conflictfile import read_conflict, write_conflict
    from fieldvault.edge.yamltext.document import Document, check, dump, read
    from fieldvault.edge.yamltext.guard import Limits

__all__ = ["Document", "Limits", "check", "dump", "read", "read_conflict", "write_conflict"]

_PLACES = {"conflictfile": ("read_conflict", "write_conflict"), "guard": ("Limits",)}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    place = next((module for module, names in _PLACES.items() if name in names), "document")
    found: object = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = found
    return found
