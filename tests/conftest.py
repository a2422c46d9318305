"""Fixtures that several floors use."""

from pathlib import Path

import pytest

from tests.servers import nobodys_settings, servers
from tests.world import World

__all__ = ["nobodys_settings", "servers"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty hub, and desks to come around it."""
    return World(tmp_path)
