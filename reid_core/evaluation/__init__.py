"""How well features tell people apart: settings, metrics, reports."""
