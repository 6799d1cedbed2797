"""Training a system: its options, its steps, and what lets it go on after a kill."""
