"""Adapters to other people's libraries, each behind a seam of reid_core.protocols."""
