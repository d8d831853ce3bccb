"""One loaded copy of each model, for everybody.

Owns loading (in one background thread: one model at a time, visitors before preloading), which models are in
memory, and the leases that keep a model there while somebody uses it. Knows nothing about requests or queues:
whoever is refused a lease because the model is not there yet is told, through ``settled``, when to ask again.

Every method whose name ends in ``_locked`` expects the caller to hold the lock that the pool was given;
loading itself happens outside of it. A memory budget and eviction belong into ``lease_locked`` and
``_load``.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from core import devices, hub
from core.contracts import LoadedModel, ModelFiles
from core.engine.api import ModelState, ModelStatus
from core.engine.job_log import log_failure
from core.errors import EngineError, JobFailedError, VitrineError
from core.results import LoadProgress
from core.specs import ExplainerSpec, Message, ModelSpec, Placement


class Catalog(Protocol):
    """What exists. The module ``core.registry`` is one; tests hand in a small one of their own."""

    def list_models(self) -> Sequence[ModelSpec]:
        """Return every model."""
        ...

    def get_model(self, model_id: str) -> ModelSpec:
        """Return one model, or raise NotFoundError."""
        ...

    def get_explainer(self, method: str) -> ExplainerSpec:
        """Return one explainer, or raise NotFoundError."""
        ...

    def resolve(self, entry_point: str) -> Any:
        """Import what an entry point names."""
        ...


GetFiles = Callable[[ModelSpec, hub.ReportBytes], ModelFiles]
Place = Callable[[ModelSpec], Placement]

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Entry:
    """What the pool knows about one model."""

    spec: ModelSpec
    state: ModelState = "unloaded"
    model: LoadedModel | None = None
    size_bytes: int | None = None
    size_measured_as: Literal["parameters", "files"] | None = None
    load_s: float | None = None
    loads: int = 0
    runs: int = 0
    leases: int = 0
    progress: LoadProgress | None = None
    error: VitrineError | None = None
    """Why it is ``failed``; never raised itself, so it keeps a key and values, and nobody's frames."""


class Pool:
    """The models in memory.

    Args:
        lock: guards everything here; shared with the queue, so that "not ready" and "put me on the waiting
        list"
            are one step, and a model that becomes ready in between is not missed.
        settled: called, with the lock held, when a load has ended: (model_id, None or the error).
        progressed: called, with the lock held, while bytes are read.
        num_threads: how many threads torch may use for one request.
    """

    def __init__(
        self,
        lock: threading.Lock,
        catalog: Catalog,
        *,
        settled: Callable[[str, VitrineError | None], None],
        progressed: Callable[[LoadProgress], None],
        num_threads: int,
        get_files: GetFiles = hub.get_files,
        place: Place = devices.choose_placement,
    ) -> None:
        self._catalog = catalog
        self._settled = settled
        self._progressed = progressed
        self._num_threads = num_threads
        self._get_files = get_files
        self._place = place
        self._entries: dict[str, _Entry] = {}
        self._urgent: deque[_Entry] = deque()
        self._background: deque[_Entry] = deque()
        self._changed = threading.Condition(lock)
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def lease_locked(self, spec: ModelSpec) -> LoadedModel | None:
        """Take a lease on a model, or None: it is being loaded now, and ``settled`` will tell."""
        entry = self._entry(spec)
        if entry.model is None:
            self._want(entry, is_urgent=True)
            return None
        entry.leases += 1
        return entry.model

    def release_locked(self, spec: ModelSpec, *, has_run: bool) -> None:
        """Give a lease back."""
        entry = self._entry(spec)
        entry.leases -= 1
        entry.runs += has_run

    def wait_until_loaded_locked(self, spec: ModelSpec) -> None:
        """Load a model, if it is not there, and wait.

        Raises:
            VitrineError: why it could not be loaded.
        """
        entry = self._entry(spec)
        if entry.state != "ready":
            self._want(entry, is_urgent=True)
        self._changed.wait_for(lambda: entry.state in {"ready", "failed"} or self._is_closed)
        if entry.state != "ready":
            raise entry.error.again() if entry.error else EngineError("engine-closed")

    def preload_locked(self, specs: Sequence[ModelSpec]) -> None:
        """Load these in the background, the smallest first, after everything that a visitor waits for."""
        for spec in sorted(specs, key=lambda spec: spec.size_bytes):
            self._want(self._entry(spec), is_urgent=False)

    def unload_locked(self, spec: ModelSpec) -> None:
        """Forget a model.

        Raises:
            EngineError: key ``model-in-use``: somebody has a lease, or waits for it to load.
        """
        entry = self._entry(spec)
        if entry.leases or entry.state == "loading":
            raise EngineError("model-in-use", model_id=spec.model_id)
        entry.model = entry.error = entry.size_bytes = entry.size_measured_as = None
        entry.state = "unloaded"

    def is_ready_locked(self, spec: ModelSpec) -> bool:
        """Whether a lease would be given at once."""
        return self._entry(spec).state == "ready"

    def expected_load_s_locked(self, spec: ModelSpec) -> float:
        """Say how long a request will probably wait for this model to load; 0 if it is ready."""
        entry = self._entry(spec)
        if entry.state == "ready":
            return 0.0
        return entry.load_s if entry.load_s is not None else _FIRST_LOAD_S

    def status_locked(self, spec: ModelSpec) -> ModelStatus:
        """Return what is known about one model."""
        entry = self._entry(spec)
        problem = entry.error and Message(f"errors.{entry.error.key}.what", entry.error.values)
        return ModelStatus(
            model_id=spec.model_id,
            state=entry.state,
            placement=entry.model.placement if entry.model is not None else None,
            size_bytes=entry.size_bytes,
            size_measured_as=entry.size_measured_as,
            load_ms=None if entry.load_s is None else entry.load_s * 1000,
            loads=entry.loads,
            runs=entry.runs,
            leases=entry.leases,
            progress=entry.progress,
            problem=problem,
        )

    def close_locked(self) -> threading.Thread | None:
        """Stop loading after the model that is being loaded; return the thread to wait for."""
        self._is_closed = True
        self._changed.notify_all()
        return self._thread

    def _entry(self, spec: ModelSpec) -> _Entry:
        return self._entries.setdefault(spec.model_id, _Entry(spec))

    def _want(self, entry: _Entry, *, is_urgent: bool) -> None:
        if self._is_closed or entry.state == "ready":
            return
        if entry.state != "loading":
            entry.state, entry.error = "loading", None
            (self._urgent if is_urgent else self._background).append(entry)
        elif is_urgent and entry in self._background:  # now a visitor waits for it
            self._background.remove(entry)
            self._urgent.append(entry)
        if self._thread is None or not self._thread.is_alive():
            # What a thread had in hand when it died is nobody's any more: its visitors still wait for it.
            queued = {*self._urgent, *self._background}
            self._urgent.extend(
                lost for lost in self._entries.values() if lost.state == "loading" and lost not in queued
            )
            self._thread = threading.Thread(target=self._run_loader, name="vitrine-loader", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run_loader(self) -> None:
        try:
            self._keep_loading()
        finally:
            with self._changed:
                self._thread = None  # the next load starts another, even while this one is still dying

    def _keep_loading(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._urgent or self._background or self._is_closed)
                if self._is_closed:
                    return
                entry = (self._urgent or self._background).popleft()
            started = time.perf_counter()
            model: LoadedModel | None = None
            loaded: LoadedModel | None = None
            error: VitrineError | None = None
            measured: tuple[int, Literal["parameters", "files"]] | tuple[None, None] = None, None
            try:
                loaded, file_bytes = self._load(entry.spec)
                measured = _measure(loaded, file_bytes)
                model = loaded
            except VitrineError as refused:
                error = refused
            except BaseException as failure:  # noqa: BLE001  # whatever a loader raises, its waiters must hear of it
                reference = log_failure(failure, entry.spec.model_id)
                error = JobFailedError("model-load-failed", model_id=entry.spec.model_id, reference=reference)
            with self._changed:
                entry.load_s = time.perf_counter() - started
                entry.progress, entry.error, entry.model = None, error and error.again(), model
                entry.state = "failed" if model is None else "ready"
                if model is not None:
                    entry.loads += 1
                    entry.size_bytes, entry.size_measured_as = measured
                self._settled(entry.spec.model_id, error)
                self._changed.notify_all()
            del entry, model, loaded, error  # an idle thread must not keep an unloaded model alive

    def _load(self, spec: ModelSpec) -> tuple[LoadedModel, int]:
        """Return the model and how many bytes of its files were read."""
        file_bytes = 0

        def report(done_bytes: int, total_bytes: int) -> None:
            nonlocal file_bytes
            file_bytes = done_bytes
            with self._changed:
                progress = LoadProgress(spec.model_id, done_bytes, total_bytes)
                self._entry(spec).progress = progress
                self._progressed(progress)

        placement = self._place(spec)
        set_torch_threads(spec, self._num_threads)
        loader = self._catalog.resolve(spec.entry_point)
        model: LoadedModel = loader.load(spec, self._get_files(spec, report), placement)
        _log.info("loaded %s on %s", spec.model_id, placement.device)
        return model, file_bytes


_FIRST_LOAD_S = 3.0
"""How long a load takes before one was measured: mostly the import of torch."""


def get_torch(spec: ModelSpec) -> Any:
    """Return torch if this model, which is loaded or about to be, computes with it; never imports it.

    For any other model torch is left alone, even where it is in ``sys.modules``: another thread may be in the
    middle of importing it.
    """
    return sys.modules.get("torch") if devices.needs_torch(spec) else None


def set_torch_threads(spec: ModelSpec, num_threads: int) -> None:
    """Tell torch, in the calling thread, how many threads one computation of this model may use.

    torch keeps one team of OpenMP threads for *each* thread that computes, by default as large as the machine
    has cores: two workers on two cores would fight with four threads. Threads that wait for each other burn
    time: measured on two busy cores, a generated digit cost 148 ms of processor time with one thread, 277 ms
    with two. The number holds for the thread that sets it, so every thread of the engine does.
    """
    torch = get_torch(spec)
    if torch is not None and torch.get_num_threads() != num_threads:
        torch.set_num_threads(num_threads)


def _measure(model: LoadedModel, file_bytes: int) -> tuple[int, Literal["parameters", "files"]]:
    """Return the memory of what was learned: parameters and buffers of networks, else bytes of files."""
    torch = get_torch(model.spec)
    if torch is not None:
        names = getattr(model, "__dict__", None) or getattr(type(model), "__slots__", ())
        values: list[Any] = [getattr(model, name, None) for name in names]
        networks = [value for value in values if isinstance(value, torch.nn.Module)]
        tensors = [t for network in networks for t in (*network.parameters(), *network.buffers())]
        if tensors:
            return sum(tensor.numel() * tensor.element_size() for tensor in tensors), "parameters"
    return file_bytes, "files"


def collect_garbage(spec: ModelSpec) -> None:
    """Give the memory of an unloaded model back; not to be called with a lock held."""
    gc.collect()
    torch = get_torch(spec)
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
