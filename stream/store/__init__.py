"""Where identities and their events are kept."""
