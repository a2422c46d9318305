"""Committing: from the folder into history."""
