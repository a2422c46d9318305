"""The settings as they stand in the folder, saved or not.

Law: what cannot be read says nothing, and then the standard holds; `fv check` says what is wrong.
"""

from __future__ import annotations

from pathlib import Path

from fieldvault.core.names import CONFIG_PATH
from fieldvault.core.schema import DEFAULT
from fieldvault.core.settings import Settings, settings_from
from fieldvault.edge import yamltext
from fieldvault.errors import SchemaInvalid, Unreadable


def settings_in(root: Path) -> Settings:
    try:
        return settings_from(yamltext.read((root / CONFIG_PATH).read_bytes()).value(DEFAULT))
    except (OSError, Unreadable, SchemaInvalid):
        return Settings()
