"""Trackers: detections of one camera in, tracks out."""
