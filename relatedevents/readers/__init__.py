"""Readers: one file format each into checked tables and links."""
