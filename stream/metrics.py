"""Counts and gauges of one process, by name and labels; safe from any thread."""

from collections.abc import Mapping
from threading import Lock

Key = tuple[str, tuple[tuple[str, str], ...]]


class Metrics:
    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[Key, float] = {}

    def add(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Count up: `metrics.add("frames_dropped", camera="door")`."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + amount

    def put(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge: `metrics.put("spool_bytes", 4096)`."""
        with self._lock:
            self._values[name, tuple(sorted(labels.items()))] = value

    def get(self, name: str, **labels: str) -> float:
        """Zero for what was never counted."""
        with self._lock:
            return self._values.get((name, tuple(sorted(labels.items()))), 0.0)

    def total(self, name: str) -> float:
        """The sum over all labels."""
        with self._lock:
            return sum(value for (each, _), value in self._values.items() if each == name)

    def all(self) -> Mapping[Key, float]:
        with self._lock:
            return dict(self._values)
