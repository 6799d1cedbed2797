"""The 14-joint skeleton, and how other layouts become it."""
