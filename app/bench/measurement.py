"""What a bench says: one figure of ours beside the same figure of a peer, measured in the same run.

Owns the form of ``vitrine bench --json``. Knows no bench.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure, ours and the peer's."""

    metric: str
    """``<bench>.<what>``, so that names stay unique when all benches are run at once: ``startup.home``."""
    value: float
    unit: str
    peer: str
    peer_value: float
    runs: int
    """How many times each was measured, a warm-up not counted."""
    is_less_better: bool = True

    @property
    def ratio(self) -> float:
        """By which factor we are better; below 1 we are worse."""
        above, below = self.peer_value, self.value
        if not self.is_less_better:
            above, below = below, above
        return above / below if below else math.inf

    def to_json(self) -> dict[str, Any]:
        """Return {metric, value, unit, peer, peer_value, ratio, runs}."""
        return {
            "metric": self.metric,
            "value": round(self.value, 4),
            "unit": self.unit,
            "peer": self.peer,
            "peer_value": round(self.peer_value, 4),
            "ratio": round(self.ratio, 4),
            "runs": self.runs,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The result of ``vitrine bench NAME``."""

    bench: str
    machine: Mapping[str, Any]
    results: tuple[Measurement, ...]

    def to_json(self) -> dict[str, Any]:
        """Return {bench, machine, results}."""
        return {
            "bench": self.bench,
            "machine": dict(self.machine),
            "results": [result.to_json() for result in self.results],
        }


def compare_medians(
    metric: str,
    unit: str,
    ours: Sequence[float],
    peer: str,
    peers: Sequence[float],
    *,
    is_less_better: bool = True,
) -> Measurement:
    """Return the medians of two series that were measured in turn."""
    if len(ours) != len(peers):
        raise ValueError("both must be measured equally often")
    return Measurement(
        metric, statistics.median(ours), unit, peer, statistics.median(peers), len(ours), is_less_better
    )
