"""Fieldvault: customer records and sales materials in a git vault that works offline and merges field by field."""

__version__ = "0.1.0"
