"""People in a frame."""
