"""Small honest stand-ins for the seams, for tests."""
