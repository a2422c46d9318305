"""Fixtures that several floors use."""

from tests.servers import nobodys_settings, servers

__all__ = ["nobodys_settings", "servers"]
