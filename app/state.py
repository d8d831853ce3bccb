"""Asking the engine from a screen: remembered answers, recorded first answers, errors in words.

Owns the visitor's side of a request: what they asked last is kept in their session, so that moving one slider does
not ask everything again. Knows no screen. Nothing here is shared between visitors: models and queues are the engine's.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import streamlit as st

from app.components.html import escape, word, write
from core.engine import Engine, get_engine
from core.engine.recordings import Recording, get_recording, list_recordings
from core.errors import ModelFileError, VitrineError
from core.requests import Request
from core.results import Answer, DenoisingStep, LoadProgress, Step
from core.wording import explain_error, get_words

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_REMEMBERED = 48
"""Answers kept for one visitor: enough for a lesson, small enough for a thousand visitors."""
_WAITING = "_waiting_for_models"


@dataclass(frozen=True, slots=True)
class Watched:
    """An answer, and the pictures of every denoising step on the way to it (none for models without steps)."""

    answer: Answer
    steps: tuple[DenoisingStep, ...]


def ask(request: Request) -> Answer:
    """Return the engine's answer; while its model is still being loaded, the recorded one if there is one.

    Raises:
        VitrineError: the engine's, unchanged; ``guard`` words it.
    """
    return watch(request).answer


def watch(request: Request, on_step: Callable[[Step], None] | None = None) -> Watched:
    """Return the answer with the steps that led to it; ``on_step`` is called with each one as it is computed.

    Raises:
        VitrineError: as ``ask``.
    """
    remembered = _remembered()
    if request in remembered:
        remembered.move_to_end(request)
        return remembered[request]
    engine = get_engine()
    if not engine.is_ready(request.model_id) and (recording := _find_recording(request)):
        if not fetch(request.model_id):  # the recorded answer stays; what went wrong is said beside it
            show_error(ModelFileError("model-not-loaded", model_id=request.model_id))
        return Watched(recording.answer, recording.steps)
    if engine.is_ready(request.model_id):
        remembered[request] = watched = _compute(engine, request, on_step)
    else:
        place = st.empty()
        remembered[request] = watched = _compute(
            engine, request, on_step or (lambda step: _show_loading(place, step))
        )
        place.empty()
    while len(remembered) > _REMEMBERED:
        remembered.popitem(last=False)
    return watched


def fetch(*model_ids: str) -> bool:
    """Have models loaded and this page run again when they are there; return False if one cannot be loaded."""
    engine = get_engine()
    states = {model.model_id: model.state for model in engine.status().models}
    if any(states[model_id] == "failed" for model_id in model_ids):
        return False
    engine.preload(model_ids)
    st.session_state[_WAITING] = st.session_state.get(_WAITING, frozenset()) | set(model_ids)
    return True


def _compute(engine: Engine, request: Request, on_step: Callable[[Step], None] | None) -> Watched:
    steps: list[DenoisingStep] = []
    for step in engine.stream(request):
        if isinstance(step, Answer):
            return Watched(step, tuple(steps))
        if isinstance(step, DenoisingStep):
            steps.append(step)
        if on_step:
            on_step(step)
    raise RuntimeError("a stream ended without its answer")


def _show_loading(place: DeltaGenerator, step: Step) -> None:
    if isinstance(step, LoadProgress):
        percent = round(100 * step.done_bytes / max(step.total_bytes, 1))
        place.html(f'<p class="v-caption" role="status">{word("common.loading-model", percent=percent)}</p>')


def _find_recording(request: Request) -> Recording | None:
    recordings = (get_recording(name) for name in list_recordings())
    return next((recording for recording in recordings if recording.request == request), None)


def _remembered() -> OrderedDict[Request, Watched]:
    if "_answers" not in st.session_state:
        st.session_state["_answers"] = OrderedDict()
    return cast("OrderedDict[Request, Watched]", st.session_state["_answers"])


@contextmanager
def guard() -> Iterator[None]:
    """Show an error of this block in three sentences, where its result would have been; the rest of the page stays."""
    try:
        yield
    except VitrineError as error:
        show_error(error)


def show_error(error: VitrineError) -> None:
    """Show what happened, what it means and what to do."""
    words = explain_error(error)
    write(
        f'<div class="v-error" role="alert"><b class="b">{escape(words.what)}</b> '
        f"{escape(words.meaning)} {escape(words.advice)}</div>"
    )


def begin_run() -> None:
    """Forget which models the last run waited for."""
    st.session_state[_WAITING] = frozenset()


def end_run() -> None:
    """If this page shows recorded answers, look again until its models are there (or failed), then run once more."""
    waiting: frozenset[str] = st.session_state.get(_WAITING, frozenset())
    if not waiting:
        return

    @st.fragment(run_every=1.0)
    def wait_for_models() -> None:
        write(f'<p class="v-visually-hidden">{escape(get_words("common.models-load"))}</p>')
        states = {model.model_id: model.state for model in get_engine().status().models}
        if all(states[model_id] in {"ready", "failed"} for model_id in waiting):
            st.rerun()

    with st.container():  # a timed fragment clears its neighbours unless it has a place of its own
        wait_for_models()


def get_choice(name: str, allowed: Sequence[str], default: str) -> str:
    """Return a choice from the address; anything that is not allowed counts as not chosen."""
    value = st.query_params.get(name, default)
    return value if value in allowed else default


def get_number(name: str, default: int, most: int) -> int:
    """Return a whole number from 0 to ``most`` from the address."""
    value = st.query_params.get(name, "")
    return min(int(value), most) if value.isascii() and value.isdigit() and len(value) < 12 else default


def choose(name: str, options: Sequence[str], words: Mapping[str, str]) -> str:
    """Show a few short words to choose from; the address holds the option's key, never the word on the screen.

    Args:
        name: the query parameter.
        options: keys; the first one is the default and stays out of the address.
        words: a word for each option, and ``label`` for a screen reader.
    """
    key = f"choose-{name}"
    st.session_state[key] = get_choice(name, options, options[0])

    def chosen() -> None:
        set_choice(name, st.session_state[key], options[0])

    value = st.segmented_control(
        words["label"], list(options), required=True, key=key, on_change=chosen, label_visibility="collapsed",
        format_func=words.__getitem__, wrap=True,
    )  # fmt: skip
    return value or options[0]


def slide(
    name: str, label: str, low: float, high: float, default: float, *, unit: str, on_move: Callable[[], None]
) -> float:
    """Show a slider in steps of a tenth; the address holds its value unless it is the default.

    Args:
        name: the query parameter.
        on_move: called when the visitor has moved it.
    """
    key = f"slide-{name}"
    st.session_state[key] = _get_decimal(name, default, low, high)

    def moved() -> None:
        set_choice(name, f"{st.session_state[key]:.1f}", f"{default:.1f}")
        on_move()

    return float(st.slider(label, low, high, step=0.1, format=f"%.1f {unit}", key=key, on_change=moved))


def _get_decimal(name: str, default: float, low: float, high: float) -> float:
    """Return a number from the address, within its range; what is no plain number counts as not chosen."""
    value = st.query_params.get(name, "")
    return min(max(round(float(value), 1), low), high) if _DECIMAL.fullmatch(value) else default


def set_choice(name: str, value: str | int, default: str | int) -> None:
    """Put a choice into the address, or take it out where it is the default."""
    if value == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(value)
