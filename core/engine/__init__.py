"""One engine for the whole process: every screen, demo and route asks it, so each model is in memory once.

Owns which engine that is, and nothing about how it works (``api`` is the interface, ``in_process`` the
default).
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Generator
from contextlib import contextmanager

from core.engine.api import Engine, EngineStatus, ModelState, ModelStatus, Ticket

__all__ = ["Engine", "EngineStatus", "ModelState", "ModelStatus", "Ticket", "get_engine", "use_engine"]

_lock = threading.Lock()
_engine: Engine | None = None


def get_engine() -> Engine:
    """Return the engine of this process, made on the first call. Loads no model and imports no framework."""
    global _engine
    with _lock:
        if _engine is None:
            from core.engine.in_process import InProcessEngine  # `import core.engine` stays free
            from core.settings import get_settings

            settings = get_settings()
            _engine = InProcessEngine(workers=settings.workers, queue_size=settings.queue_size)
            atexit.register(_engine.close)
        return _engine


@contextmanager
def use_engine(engine: Engine) -> Generator[Engine]:
    """Make ``engine`` the one that ``get_engine`` returns, for the length of a ``with`` block, then close it.

    For tests and for programs that build their own; the engine that was there before comes back unharmed.
    """
    global _engine
    with _lock:
        before, _engine = _engine, engine
    try:
        yield engine
    finally:
        with _lock:
            _engine = before
        engine.close()
