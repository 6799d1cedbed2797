"""From frames to tracklet embeddings, on one worker."""
