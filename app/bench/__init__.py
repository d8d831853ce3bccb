"""Measurements of Vitrine against its named peers (DESIGN section 10). A new bench is a file here and a row.

Owns which benches exist and how they are run one after the other. A bench is a function
``(runs, on_progress) -> list[Measurement]``; it is imported only when it is run.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from app.bench.machine import describe_machine
from app.bench.measurement import Measurement, Report
from core.errors import NotFoundError

OnProgress = Callable[[str], None]
Bench = Callable[[int, OnProgress], list[Measurement]]

_BENCHES = {
    "startup": "app.bench.startup:measure",
}


def list_benches() -> tuple[str, ...]:
    """Return the names of all benches."""
    return tuple(_BENCHES)


def run_benches(name: str, runs: int, on_progress: OnProgress) -> Report:
    """Run one bench, or ``all``, and return what was measured.

    Raises:
        NotFoundError: key ``cli-bench-unknown``.
        StartError: something that the bench needs is missing, or a server did not answer in time.
    """
    if name != "all" and name not in _BENCHES:
        raise NotFoundError("cli-bench-unknown", bench=name[:80], benches=", ".join((*_BENCHES, "all")))
    results: list[Measurement] = []
    for one in list_benches() if name == "all" else (name,):
        module, _, function = _BENCHES[one].partition(":")
        measure: Bench = getattr(import_module(module), function)
        results.extend(measure(runs, on_progress))
    return Report(name, describe_machine(), tuple(results))
