"""Who it is: pure decisions, and the service that makes them stick."""
