"""Joints in a crop."""
