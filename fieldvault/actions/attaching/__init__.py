"""Attaching: large files beside records, and which of them are on this machine."""
