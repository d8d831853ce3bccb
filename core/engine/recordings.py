"""Recorded answers, for a first screen that waits for no model.

Owns the files ``assets/recordings/<name>.json``: how they are written, from the shipped weights, and read. A
recording says which weights made it (sha256 of every file) and when; a test computes each one again. Reading
one opens nothing but its JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from core.assets import get_assets_dir
from core.engine.api import Engine
from core.errors import NotFoundError
from core.hub import read_lock
from core.requests import GenerateRequest, Request
from core.results import Answer, DenoisingStep
from core.results_json import from_json, to_json

MAX_STEPS = 6
"""A film strip has at most this many pictures, the first and the last among them."""

_DECIMALS = 6
"""What a recorded number keeps: a hundred times finer than the 1e-4 to which answers must agree."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Recording:
    """A request and what was answered to it once."""

    name: str
    request: Request
    answer: Answer
    """Its ``recorded`` says when and from which weights."""
    steps: tuple[DenoisingStep, ...] = ()
    """Some of the steps on the way, evenly spaced, for a film strip."""


def list_recordings(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of all recordings."""
    return tuple(sorted(path.stem for path in (folder or _get_dir()).glob("*.json")))


def get_recording(name: str, folder: Path | None = None) -> Recording:
    """Read a recording.

    Raises:
        NotFoundError: key ``recording-unknown``.
    """
    path = (folder or _get_dir()) / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFoundError("recording-unknown", name=name[:80])
    stored = json.loads(path.read_bytes())
    recorded = {key: stored[key] for key in ("recorded_at", "weights_sha256", "seed")}
    return Recording(
        name,
        from_json(cast("type[Request]", Request), stored["request"]),
        replace(from_json(Answer, stored["answer"]), recorded=recorded),
        tuple(from_json(DenoisingStep, step) for step in stored["steps"]),
    )


def write_recording(name: str, request: Request, engine: Engine, folder: Path | None = None) -> Path:
    """Ask the engine now and store what it answers; numbers are kept to six decimals."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"a recording's name is kebab-case: {name!r}")
    steps: list[DenoisingStep] = []
    answer: Answer | None = None
    for event in engine.stream(request):
        if isinstance(event, DenoisingStep):
            steps.append(event)
        elif isinstance(event, Answer):
            answer = event
    stored = {
        "request": to_json(request),
        "answer": _round(to_json(answer)),
        "steps": _round([to_json(step) for step in thin_out(steps)]),
        "seed": request.seed if isinstance(request, GenerateRequest) else None,
        "weights_sha256": get_fingerprints(request.model_id),
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path = (folder or _get_dir()) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def get_fingerprints(model_id: str) -> dict[str, str]:
    """Return the sha256 of every file that an answer depends on: not of the card, whose words may be mended."""
    return {name: digest for name, digest in read_lock()[model_id].items() if name != "card.json"}


def thin_out(steps: list[DenoisingStep]) -> list[DenoisingStep]:
    """Keep at most ``MAX_STEPS`` steps, evenly spaced, the first and the last among them."""
    if len(steps) <= MAX_STEPS:
        return steps
    last = len(steps) - 1
    return [steps[round(i * last / (MAX_STEPS - 1))] for i in range(MAX_STEPS)]


def _round(value: Any) -> Any:
    match value:
        case float():
            return round(value, _DECIMALS)
        case list():
            return [_round(item) for item in cast("list[Any]", value)]
        case dict():
            return {key: _round(item) for key, item in cast("dict[str, Any]", value).items()}
        case _:
            return value


def _get_dir() -> Path:
    return get_assets_dir() / "recordings"
