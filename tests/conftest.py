"""Fixtures that several floors use."""

import os
from pathlib import Path

import pytest

from tests.servers import nobodys_settings, servers
from tests.stride import STRIDE
from tests.world import World

__all__ = ["nobodys_settings", "servers"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only `make faults` runs is no test that was skipped."""
    if not STRIDE:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("at_length")])
        items[:] = [item for item in items if not item.get_closest_marker("at_length")]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Tests wait more than they compute: for servers, for editors, for what a person would have saved by then."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty hub, and desks to come around it."""
    return World(tmp_path)
