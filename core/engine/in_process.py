"""The engine inside this process: a bounded queue, a few worker threads, one copy of each model.

Owns who is computed when. Knows no model and no method by name: classes are found by the registry's strings,
and a model is used only under a lease of the ``pool``.

One lock guards everything; nothing slow happens under it. Nobody polls: workers wait for the queue, visitors
wait for their own request, so an idle engine costs nothing. The life of a request:

    submit ──> queue ──> a worker takes it ──> model ready? ──yes──> compute step by step ──> answer
                 ^                                 │ no                     │ reader is slow
                 │                                 v                        v
                 ├──────────────────────── waits for the loader         set aside
                 └──────────────────────────────────────────────────────────┘ reader caught up

So a worker never waits: neither for a model to load nor for somebody to take a step. Micro-batching and
fairness between visitors belong into ``_take``: it alone decides what is computed next.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Generator as StepIterator
from collections.abc import Sequence
from typing import cast

from core import devices, hub, registry
from core.contracts import Explainer, Generator, LoadedModel, Predictor
from core.engine.api import EngineStatus
from core.engine.job_log import log_failure
from core.engine.pool import Catalog, GetFiles, Place, Pool, collect_garbage, get_torch, set_torch_threads
from core.errors import (
    CancelledError,
    EngineBusyError,
    EngineError,
    IncompatibleError,
    JobFailedError,
    VitrineError,
)
from core.requests import ExplainRequest, GenerateRequest, PredictRequest, Request
from core.results import Answer, DenoisingStep, LoadProgress, Result, Step
from core.specs import ModelSpec

STEPS_AHEAD = 8
"""How many steps a request may be ahead of its reader before it is set aside."""

ABANDONED_AFTER_S = 60.0
"""A request that was set aside and whose reader took nothing for so long is given up when room is needed."""

_FIRST_SERVICE_S = 0.5
"""How long a request is computed, before one of its kind was measured."""


class _Job:
    """One request on its way. Guarded by the engine's lock; only ``is_cancelled`` may be set without it."""

    __slots__ = (
        "answer",
        "answer_error",
        "buffer",
        "busy_s",
        "changed",
        "drops_steps",
        "is_cancelled",
        "is_running",
        "is_set_aside",
        "iterator",
        "model",
        "number",
        "read_at",
        "request",
        "spec",
    )  # fmt: skip

    def __init__(self, number: int, request: Request, spec: ModelSpec, lock: threading.Lock) -> None:
        self.number = number
        self.request = request
        self.spec = spec
        self.changed = threading.Condition(lock)
        self.buffer: deque[Step] = deque()
        self.answer: Answer | None = None
        self.answer_error: VitrineError | None = None
        self.model: LoadedModel | None = None
        self.iterator: StepIterator[DenoisingStep | Result] | None = None
        self.busy_s = 0.0
        self.read_at = time.monotonic()
        self.drops_steps = False
        self.is_cancelled = False
        self.is_running = False
        self.is_set_aside = False

    @property
    def is_done(self) -> bool:
        return self.answer is not None or self.answer_error is not None


class InProcessTicket:
    """A visitor's end of a request (a ``core.engine.api.Ticket``)."""

    def __init__(self, engine: InProcessEngine, job: _Job) -> None:
        self._engine = engine
        self._job = job

    @property
    def place(self) -> int:
        """Return the place in the queue: 1 is next, 0 is being computed or done."""
        return self._engine._place_of(self._job)  # pyright: ignore[reportPrivateUsage]

    @property
    def expected_wait_s(self) -> float:
        """Return in how many seconds the computing probably begins, judged by recent requests."""
        return self._engine._expected_wait_s(self._job)  # pyright: ignore[reportPrivateUsage]

    @property
    def is_done(self) -> bool:
        """Whether ``result`` would return or raise at once."""
        return self._job.is_done

    def cancel(self) -> None:
        """Give up: a waiting request leaves the queue, a running one frees its slot at its next step."""
        self._engine._cancel(self._job)  # pyright: ignore[reportPrivateUsage]

    def result(self, timeout_s: float | None = None) -> Answer:
        """Wait for the answer; see ``core.engine.api.Ticket.result``."""
        return self._engine._wait(self._job, timeout_s)  # pyright: ignore[reportPrivateUsage]

    def steps(self) -> StepIterator[Step | Answer]:
        """Yield each step as it is computed, and last the answer. Closing the iterator cancels."""
        try:
            while True:
                event = self._engine._next_event(self._job)  # pyright: ignore[reportPrivateUsage]
                yield event
                if isinstance(event, Answer):
                    return
        finally:
            self.cancel()

    def __del__(self) -> None:
        # Whoever dropped the ticket has left. Garbage is collected at any moment, perhaps inside the engine's
        # own lock: so nothing is waited for here. The flag alone is enough: it is seen at the next step.
        self._job.is_cancelled = True
        self._engine._cancel_if_free(self._job)  # pyright: ignore[reportPrivateUsage]


class InProcessEngine:
    """Runs requests on models in this process (a ``core.engine.api.Engine``).

    Args:
        workers: how many requests are computed at the same time.
        queue_size: how many may wait.
        catalog: what exists; the registry unless a test has its own.
        get_files: where the files of a model come from.
        place: chooses where a model runs.
    """

    def __init__(
        self,
        *,
        workers: int,
        queue_size: int,
        catalog: Catalog = registry,
        get_files: GetFiles = hub.get_files,
        place: Place = devices.choose_placement,
    ) -> None:
        self._catalog = catalog
        self._queue_size = queue_size
        self._num_workers = workers
        self._num_threads = max(1, devices.count_cores() // workers)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._queue: deque[_Job] = deque()
        self._unfinished: dict[int, _Job] = {}  # by number: in the order of arrival
        self._waiting_for_model: dict[str, list[_Job]] = {}
        self._service_s: dict[tuple[str, str], float] = {}
        self._threads: list[threading.Thread] = []
        self._next_number = 0
        self._is_closed = False
        self._pool = Pool(
            self._lock,
            catalog,
            settled=self._load_settled,
            progressed=self._load_progressed,
            num_threads=self._num_threads,
            get_files=get_files,
            place=place,
        )

    # What everybody may call; documented in core.engine.api.

    def run(self, request: Request) -> Answer:
        """Answer one request and wait for it."""
        return self.submit(request).result()

    def stream(self, request: Request) -> StepIterator[Step | Answer]:
        """Answer one request step by step; the last one is the ``Answer``. Closing the iterator cancels."""
        return self.submit(request).steps()

    def submit(self, request: Request) -> InProcessTicket:
        """Put one request in the queue and return at once."""
        spec = self._catalog.get_model(request.model_id)
        self._refuse_if_unfit(request, spec)
        with self._lock:
            self._refuse_if_closed()
            if self._count_waiting() >= self._queue_size:
                self._give_up_abandoned()
            if self._count_waiting() >= self._queue_size:
                raise EngineBusyError(retry_after_s=self._estimate_retry_s())
            job = _Job(self._next_number, request, spec, self._lock)
            self._next_number += 1
            self._unfinished[job.number] = job
            self._queue.append(job)
            self._start_threads()
            self._work.notify()
        return InProcessTicket(self, job)

    def status(self) -> EngineStatus:
        """Return what is loaded, waiting and running now."""
        specs = self._catalog.list_models()
        rss_bytes = devices.read_process_bytes()
        with self._lock:
            self._give_up_abandoned()
            return EngineStatus(
                models=tuple(self._pool.status_locked(spec) for spec in specs),
                queue_length=self._count_waiting(),
                queue_capacity=self._queue_size,
                running=sum(job.is_running for job in self._unfinished.values()),
                workers=self._num_workers,
                rss_bytes=rss_bytes,
            )

    def load(self, model_id: str) -> None:
        """Load a model and wait until it is ready."""
        spec = self._catalog.get_model(model_id)
        with self._lock:
            self._refuse_if_closed()
            self._pool.wait_until_loaded_locked(spec)

    def unload(self, model_id: str) -> None:
        """Take a model out of memory, unless somebody uses it."""
        spec = self._catalog.get_model(model_id)
        with self._lock:
            self._give_up_abandoned()
            self._pool.unload_locked(spec)
        collect_garbage(spec)

    def is_ready(self, model_id: str) -> bool:
        """Whether that model answers without loading first."""
        spec = self._catalog.get_model(model_id)
        with self._lock:
            return self._pool.is_ready_locked(spec)

    def preload(self, model_ids: Sequence[str] | None = None) -> None:
        """Load these models (or all bundled ones) in the background, small ones first; visitors go ahead."""
        specs = (
            self._list_bundled()
            if model_ids is None
            else [self._catalog.get_model(name) for name in model_ids]
        )
        with self._lock:
            self._refuse_if_closed()
            self._pool.preload_locked(specs)

    def are_all_ready(self) -> bool:
        """Whether every bundled model is ready."""
        specs = self._list_bundled()
        with self._lock:
            return all(self._pool.is_ready_locked(spec) for spec in specs)

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop: those who wait are told, what is being computed ends at its next step."""
        with self._lock:
            if self._is_closed:  # whoever closed it first has waited, or is waiting
                return
            self._is_closed = True
            for job in list(self._unfinished.values()):
                if job.iterator is None:
                    self._finish(job, EngineError("engine-closed"))
                elif not isinstance(job.request, PredictRequest):
                    self._cancel_locked(job, EngineError("engine-closed"))
            loader = self._pool.close_locked()
            threads = [*self._threads, *([loader] if loader else [])]
            self._work.notify_all()
        until = time.monotonic() + timeout_s
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    # What a ticket asks. Guarded by the lock.

    def _place_of(self, job: _Job) -> int:
        with self._lock:
            if job.is_done or job.iterator is not None:
                return 0
            return 1 + len(self._ahead_of(job))

    def _expected_wait_s(self, job: _Job) -> float:
        with self._lock:
            if job.is_done or job.iterator is not None:
                return 0.0
            # A request that is being computed is, on average, half done.
            running_s = sum(
                self._expected_service_s(other) / 2 for other in self._unfinished.values() if other.is_running
            )
            ahead_s = sum(self._expected_service_s(other) for other in self._ahead_of(job))
            return self._pool.expected_load_s_locked(job.spec) + (running_s + ahead_s) / self._num_workers

    def _wait(self, job: _Job, timeout_s: float | None) -> Answer:
        with self._lock:
            job.drops_steps = True
            job.buffer.clear()
            self._resume_if_caught_up(job)
            if not job.changed.wait_for(lambda: job.is_done, timeout_s):
                raise EngineError("answer-late", waited_s=timeout_s)
            return self._outcome(job)

    def _next_event(self, job: _Job) -> Step | Answer:
        with self._lock:
            job.read_at = time.monotonic()
            job.changed.wait_for(lambda: job.buffer or job.is_done)
            job.read_at = time.monotonic()
            # Whoever cancelled from another thread wants no more steps; a request that failed still shows
            # them.
            if not job.buffer or job.is_cancelled:
                return self._outcome(job)
            step = job.buffer.popleft()
            self._resume_if_caught_up(job)
            return step

    def _cancel(self, job: _Job) -> None:
        with self._lock:
            self._cancel_locked(job, CancelledError())

    def _cancel_if_free(self, job: _Job) -> None:
        if not job.is_done and self._lock.acquire(blocking=False):
            try:
                self._cancel_locked(job, CancelledError())
            finally:
                self._lock.release()

    # The queue. Every method below is called with the lock held, unless it says otherwise.

    def _count_waiting(self) -> int:
        # A cancelled one whose iterator a worker has yet to close takes nobody's place.
        return sum(not (job.is_running or job.is_done) for job in self._unfinished.values())

    def _ahead_of(self, job: _Job) -> list[_Job]:
        return [
            other
            for other in self._unfinished.values()
            if other.number < job.number and other.iterator is None
        ]

    def _expected_service_s(self, job: _Job) -> float:
        return self._service_s.get((job.spec.model_id, job.request.kind), _FIRST_SERVICE_S)

    def _estimate_retry_s(self) -> float:
        """Say when half of those who wait now will be done: a single free place would be gone at once."""
        waiting = [job for job in self._unfinished.values() if not (job.is_running or job.is_done)]
        compute_s = sum(self._expected_service_s(job) for job in waiting) / self._num_workers / 2
        load_s = max((self._pool.expected_load_s_locked(job.spec) for job in waiting), default=0.0)
        return float(max(1, math.ceil(compute_s + load_s)))

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise EngineError("engine-closed")

    def _refuse_if_unfit(self, request: Request, spec: ModelSpec) -> None:
        """Does not need the lock."""
        if isinstance(request, GenerateRequest):
            if spec.can_predict:
                raise IncompatibleError("model-cannot-generate", model_id=spec.model_id)
        elif not spec.can_predict:
            raise IncompatibleError("model-cannot-predict", model_id=spec.model_id)
        if (
            isinstance(request, ExplainRequest)
            and spec.task not in self._catalog.get_explainer(request.method).tasks
        ):
            raise IncompatibleError("method-incompatible", method=request.method, model_id=spec.model_id)

    def _list_bundled(self) -> list[ModelSpec]:
        """Does not need the lock."""
        return [spec for spec in self._catalog.list_models() if spec.source == "bundled"]

    def _start_threads(self) -> None:
        while len(self._threads) < self._num_workers:
            name = f"vitrine-worker-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._keep_working, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _load_settled(self, model_id: str, error: VitrineError | None) -> None:
        """Let those who waited for a model go on, before everybody who came later, or tell them the error."""
        for job in reversed(self._waiting_for_model.pop(model_id, [])):
            if error is not None:
                self._finish(job, error.again())
            else:
                self._queue.appendleft(job)
        self._work.notify_all()

    def _load_progressed(self, progress: LoadProgress) -> None:
        for job in self._waiting_for_model.get(progress.model_id, ()):
            if not job.drops_steps:
                job.buffer.clear()  # nothing but older progress: the request has not begun
                job.buffer.append(progress)
                job.changed.notify_all()

    def _cancel_locked(self, job: _Job, error: VitrineError) -> None:
        if job.is_done:
            return
        job.is_cancelled = True
        if job.iterator is None:
            self._finish(job, error)
            return
        # It has begun: the visitor need not wait, but only its worker may close the model's iterator.
        job.answer_error = error
        job.changed.notify_all()
        self._resume(job)

    def _resume_if_caught_up(self, job: _Job) -> None:
        if len(job.buffer) <= STEPS_AHEAD // 2:
            self._resume(job)

    def _resume(self, job: _Job) -> None:
        if job.is_set_aside:
            job.is_set_aside = False
            self._queue.appendleft(job)
            self._work.notify()

    def _give_up_abandoned(self) -> None:
        """Cancel what nobody waits for any more: a lost ticket, or a reader who stopped reading long ago."""
        too_old = time.monotonic() - ABANDONED_AFTER_S
        for job in list(self._unfinished.values()):
            if job.is_cancelled or (job.is_set_aside and job.read_at < too_old):
                self._cancel_locked(job, CancelledError())

    def _finish(self, job: _Job, outcome: Answer | VitrineError) -> None:
        if isinstance(outcome, Answer):
            job.answer = outcome
        elif job.answer_error is None:
            job.answer_error = outcome
        job.is_running = False
        job.iterator = job.model = None
        del self._unfinished[job.number]
        for line in (self._queue, self._waiting_for_model.get(job.spec.model_id, [])):
            with contextlib.suppress(ValueError):
                line.remove(job)
        job.changed.notify_all()

    def _outcome(self, job: _Job) -> Answer:
        if job.answer_error is not None:
            # A new one for each who asks: asked for twice, perhaps in two threads, tracebacks would mix.
            raise job.answer_error.again()
        if job.answer is None:
            raise CancelledError
        return job.answer

    # The workers. Called without the lock.

    def _keep_working(self) -> None:
        while (job := self._take()) is not None:
            set_torch_threads(job.spec, self._num_threads)
            self._advance(job)
            del job  # an idle thread must not keep a visitor's request alive

    def _take(self) -> _Job | None:
        """Wait for the next request that can be computed now; None when nothing more will come."""
        with self._lock:
            while True:
                self._work.wait_for(lambda: self._queue or (self._is_closed and not self._has_begun()))
                if not self._queue:
                    return None
                job = self._queue.popleft()
                if job.iterator is None:
                    if job.is_cancelled:
                        self._finish(job, CancelledError())
                        continue
                    model = self._pool.lease_locked(job.spec)
                    if model is None:
                        self._waiting_for_model.setdefault(job.spec.model_id, []).append(job)
                        continue
                    job.model = model
                    job.iterator = self._compute(job.request, model)
                job.is_running = True
                return job

    def _has_begun(self) -> bool:
        return any(job.iterator is not None for job in self._unfinished.values())

    def _compute(self, request: Request, model: LoadedModel) -> StepIterator[DenoisingStep | Result]:
        """Yield the steps of one request, and last its result; nothing happens before it is iterated."""
        match request:
            case PredictRequest():
                yield cast("Predictor", model).predict_batch([request.input])[0]
            case GenerateRequest():
                yield from cast("Generator", model).generate(request)
            case ExplainRequest():
                explainer: Explainer = self._catalog.resolve(
                    self._catalog.get_explainer(request.method).entry_point
                )()
                if not explainer.is_compatible(model.spec):
                    raise IncompatibleError(
                        "method-incompatible", method=request.method, model_id=model.spec.model_id
                    )
                yield explainer.explain(model, request)

    def _advance(self, job: _Job) -> None:
        """Compute a request until it is done, nobody wants it any more, or its reader falls behind."""
        iterator, model = job.iterator, job.model
        if iterator is None or model is None:
            raise AssertionError("only a job with a lease is advanced")
        outcome: Answer | VitrineError | None = None
        try:
            while outcome is None and not job.is_cancelled:
                began = time.perf_counter()
                with _no_gradients(job):
                    event = next(iterator)
                job.busy_s += time.perf_counter() - began
                if isinstance(event, DenoisingStep):
                    if not self._hand_over(job, event):
                        return
                else:
                    outcome = self._answer(job, model, event)
        except VitrineError as refused:
            outcome = refused.again()  # without the frames, which hold the visitor's picture
        except BaseException as failure:  # noqa: BLE001  # one request fails alone, whatever a model raises
            outcome = JobFailedError("job-failed", reference=log_failure(failure, job.spec.model_id))
        try:
            iterator.close()
        except BaseException as failure:  # noqa: BLE001  # it is over in any case
            log_failure(failure, job.spec.model_id)
        with self._lock:
            self._pool.release_locked(job.spec, has_run=isinstance(outcome, Answer))
            if isinstance(outcome, Answer):
                self._remember_service(job)
            self._finish(job, outcome or CancelledError())
            if self._is_closed:
                self._work.notify_all()

    def _hand_over(self, job: _Job, step: DenoisingStep) -> bool:
        """Give a step to the reader; False: the reader is behind, so the request is set aside."""
        with self._lock:
            if job.drops_steps or job.is_cancelled:
                return True
            job.buffer.append(step)
            job.changed.notify_all()
            if len(job.buffer) < STEPS_AHEAD:
                return True
            job.is_running = False
            job.is_set_aside = True
            return False

    def _answer(self, job: _Job, model: LoadedModel, result: Result) -> Answer:
        return Answer(
            model_id=job.spec.model_id,
            task=job.spec.task,
            result=result,
            placement=model.placement,
            elapsed_ms=job.busy_s * 1000,
        )

    def _remember_service(self, job: _Job) -> None:
        """Keep a moving mean of recent times, the last one weighing a fifth."""
        key = (job.spec.model_id, job.request.kind)
        before = self._service_s.get(key, job.busy_s)
        self._service_s[key] = 0.8 * before + 0.2 * job.busy_s


@contextlib.contextmanager
def _no_gradients(job: _Job) -> StepIterator[None]:
    """Compute without gradients, if torch is there at all. An explainer may need them: it decides."""
    torch = get_torch(job.spec)
    if torch is None or isinstance(job.request, ExplainRequest):
        yield
    else:
        with torch.inference_mode():
            yield
