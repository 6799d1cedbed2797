"""Drawn people and places, with their truth."""
