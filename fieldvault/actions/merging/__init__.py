"""Merging: one record, one file, whole trees."""
