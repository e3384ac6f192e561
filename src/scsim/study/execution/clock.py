"""Time that a stage takes: threads add to it. What a stage did is told by ``schedule.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Clock:
    """Time of one stage.

    Attributes
    ----------
    wall_s, cpu_s : float
        Sums so far, s.
    lock : Lock
        Held while they grow.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def add(self, *, wall_s: float = 0.0, cpu_s: float = 0.0) -> None:
        """Add times, s."""
        with self.lock:
            self.wall_s += wall_s
            self.cpu_s += cpu_s
