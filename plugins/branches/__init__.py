"""Tracklets to embeddings."""
