"""The two lanes between processes: tracklets to the identity service, events to anybody."""
