"""The ground that every part of restride stands on, and the science behind restride-lab."""
