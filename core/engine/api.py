"""The one interface through which everybody asks a model for something.

Owns what an engine promises: ``Engine``, ``Ticket`` and the status that it reports. Knows no implementation:
``in_process`` keeps this interface now, Ray Serve keeps it later, and screens cannot tell the difference.

    answer = get_engine().run(PredictRequest("digits-convnet", picture))         # waits for the answer
    for step in get_engine().stream(GenerateRequest("digits-diffusion", "3")):   # LoadProgress,
    DenoisingStep...
        ...                                                                      # the last one is the Answer
    ticket = get_engine().submit(request)                                        # does not wait
    ticket.place, ticket.expected_wait_s; ticket.cancel(); ticket.result(timeout_s=5)
"""

from __future__ import annotations

from collections.abc import Generator as StepIterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from core.requests import Request
from core.results import Answer, LoadProgress, Step
from core.specs import Message, Placement

ModelState = Literal["unloaded", "loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model, as the engine sees it now."""

    model_id: str
    state: ModelState
    placement: Placement | None
    """Where it runs and why; None unless it is ready."""
    size_bytes: int | None
    """The memory that its learned numbers take; None unless it is ready."""
    size_measured_as: Literal["parameters", "files"] | None
    """``parameters``: counted in the loaded network; ``files``: the bytes of its files, if it is none."""
    load_ms: float | None
    """How long the last load took, imports included, in milliseconds."""
    loads: int
    """How often it was loaded since the process started; 1 however many people asked at once."""
    runs: int
    """How many requests it has answered."""
    leases: int
    """How many requests are using it; it is unloaded only at 0."""
    progress: LoadProgress | None
    """How far the loading has come; None unless it is loading."""
    problem: Message | None
    """Why it is ``failed``."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What is running?"""

    models: tuple[ModelStatus, ...]
    """Every model of the registry, in its order."""
    queue_length: int
    """How many requests wait: for their turn, for a model to load, or for a slow reader."""
    queue_capacity: int
    running: int
    """How many requests are being computed."""
    workers: int
    """How many can be computed at the same time."""
    rss_bytes: int
    """Memory of the whole process."""


class Ticket(Protocol):
    """One request in the engine. Whoever drops the ticket has left: the request is cancelled."""

    @property
    def place(self) -> int:
        """Return the place in the queue: 1 is next, 0 is being computed or done."""
        ...

    @property
    def expected_wait_s(self) -> float:
        """Return in how many seconds the computing probably begins, judged by recent requests."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether ``result`` would return or raise at once."""
        ...

    def cancel(self) -> None:
        """Give up: a waiting request leaves the queue, a running one frees its slot at its next step."""
        ...

    def result(self, timeout_s: float | None = None) -> Answer:
        """Wait for the answer. Steps that nobody took are thrown away.

        Raises:
            EngineError: key ``answer-late`` after ``timeout_s``; the request goes on and can be asked for
            again. VitrineError: why there is no answer.
        """
        ...

    def steps(self) -> StepIterator[Step | Answer]:
        """Yield each step as it is computed, and last the answer. Closing the iterator cancels the request.

        A reader who is slower than the model holds back only their own request: it is set aside and no worker
        waits for it.
        """
        ...


class Engine(Protocol):
    """Runs requests on models. Safe to use from many threads."""

    def run(self, request: Request) -> Answer:
        """Answer one request and wait for it.

        Raises:
            EngineBusyError: the queue is full.
            NotFoundError: no such model or method.
            IncompatibleError: that model cannot do this.
            InputError: the model cannot use this input.
            JobFailedError: it failed inside the model.
        """
        ...

    def stream(self, request: Request) -> StepIterator[Step | Answer]:
        """Answer one request step by step; the last one is the ``Answer``. Closing the iterator cancels.

        Raises:
            The same as ``run``: refusals at once, the others from the iterator.
        """
        ...

    def submit(self, request: Request) -> Ticket:
        """Put one request in the queue and return at once.

        Raises:
            EngineBusyError, NotFoundError, IncompatibleError: refused; nothing was put in the queue.
        """
        ...

    def status(self) -> EngineStatus:
        """Return what is loaded, waiting and running now."""
        ...

    def load(self, model_id: str) -> None:
        """Load a model and wait until it is ready.

        Raises:
            ModelFileError, JobFailedError: it cannot be loaded; a later call tries again.
        """
        ...

    def unload(self, model_id: str) -> None:
        """Take a model out of memory.

        Raises:
            EngineError: key ``model-in-use``; nothing was changed.
        """
        ...

    def is_ready(self, model_id: str) -> bool:
        """Whether that model answers without loading first."""
        ...

    def preload(self, model_ids: Sequence[str] | None = None) -> None:
        """Load these models (or all bundled ones) in the background, small ones first; visitors go ahead."""
        ...

    def are_all_ready(self) -> bool:
        """Whether every bundled model is ready."""
        ...

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop: those who wait are told, what is being computed ends at its next step.

        Waits ``timeout_s`` at most for that; a second call returns at once.
        """
        ...
