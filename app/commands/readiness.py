"""Is this machine ready for class? Every check looks at one thing and returns what it found, in words by key.

Owns the checks and their limits. Knows no terminal: ``check`` shows what they return. A check that fails in
a way that nobody foresaw is a problem that was found, not an error.
"""

from __future__ import annotations

import math
import shutil
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from app.bench.browser import find_browser
from app.commands.inputs import get_input_size, read_model_config
from app.environment import LOWEST_PILLOW
from core.devices import read_cpu
from core.engine import get_engine
from core.hub import get_files, read_lock
from core.registry import get_dataset, list_explainers, list_models
from core.requests import ExplainRequest, GenerateRequest, ModelInput, Picture, PredictRequest, TableRow
from core.results import Attribution, Classification, GeneratedPictures, GeneratedRows, Result
from core.settings import Settings
from core.specs import Message, ModelSpec
from core.wording import explain_error

NEEDED_DISK_BYTES = 200_000_000
NEEDED_MEMORY_BYTES = 1_800_000_000
"""What all bundled models together may take (DESIGN section 10)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found."""

    check: str
    is_ok: bool
    message: Message


def run_checks(settings: Settings) -> Iterator[Outcome]:
    """Yield the outcome of each check as it is known; the quick ones come first."""
    for check, look in (
        ("pillow", _check_pillow),
        ("port", lambda: _check_port(settings)),
        ("browser", _check_browser),
        ("disk", lambda: _check_disk(settings.state_dir)),
        ("memory", _check_memory),
    ):
        yield _look(check, look)
    outside = _OutsideCalls()
    for spec in list_models():
        yield _look(f"files:{spec.model_id}", lambda spec=spec: _check_files(spec))
        yield _look(f"answer:{spec.model_id}", lambda spec=spec: _check_answer(spec))
    yield _look("network", outside.check)


def _look(check: str, look: Callable[[], tuple[bool, Message]]) -> Outcome:
    try:
        is_ok, message = look()
    except Exception as error:  # noqa: BLE001  # whatever it is, this machine is not ready
        words = explain_error(error)
        about = check.partition(":")[2] or check
        values = {"about": about, "what": words.what, "do": words.advice}
        return Outcome(check, False, Message("cli.says.check-failed", values))
    return Outcome(check, is_ok, message)


def _find(what: str, is_ok: bool, **values: object) -> tuple[bool, Message]:
    return is_ok, Message(f"cli.says.check-{what}-{'ok' if is_ok else 'problem'}", values)


def _check_pillow() -> tuple[bool, Message]:
    found = version("pillow")
    return _find("pillow", int(found.split(".")[0]) >= LOWEST_PILLOW, found=found, lowest=LOWEST_PILLOW)


def _check_port(settings: Settings) -> tuple[bool, Message]:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return _find("port", False, port=settings.port)
    return _find("port", True, port=settings.port)


def _check_browser() -> tuple[bool, Message]:
    found = find_browser()
    return _find("browser", found is not None, name=found.stem if found else "")


def _check_disk(folder: Path) -> tuple[bool, Message]:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return _find("disk", free >= NEEDED_DISK_BYTES, free_gb=free / 1e9, needed_gb=NEEDED_DISK_BYTES / 1e9)


def _check_memory() -> tuple[bool, Message]:
    free = read_cpu().free_bytes
    return _find(
        "memory", free >= NEEDED_MEMORY_BYTES, free_gb=free / 1e9, needed_gb=NEEDED_MEMORY_BYTES / 1e9
    )


def _check_files(spec: ModelSpec) -> tuple[bool, Message]:
    names = read_lock().get(spec.model_id, {})
    files = get_files(spec)
    for name in names:
        files.read(name)  # raises if it is not the published one
    return _find("files", bool(names), model_id=spec.model_id, count=len(names))


def _check_answer(spec: ModelSpec) -> tuple[bool, Message]:
    engine = get_engine()
    if not spec.can_predict:
        answer = engine.run(GenerateRequest(spec.model_id))
        return _find("answer", _is_sound(answer.result), model_id=spec.model_id, elapsed_ms=answer.elapsed_ms)
    sample = build_sample(spec)
    answer = engine.run(PredictRequest(spec.model_id, sample))
    explanations = [
        engine.run(ExplainRequest(spec.model_id, sample, method=explainer.method)).result
        for explainer in list_explainers(spec.task)
    ]
    is_ok = all(_is_sound(result) for result in (answer.result, *explanations))
    return _find("answer", is_ok, model_id=spec.model_id, elapsed_ms=answer.elapsed_ms)


def build_sample(spec: ModelSpec) -> ModelInput:
    """Return something that the model can read: the middle of every column, or a picture of one stroke."""
    if get_dataset(spec.dataset).kind == "image":
        height, width = get_input_size(spec)
        row = tuple(float(x == width // 2) for x in range(width))
        return Picture((row,) * height)
    features = read_model_config(spec)["features"]
    return TableRow(tuple((one["name"], (one["lowest"] + one["highest"]) / 2) for one in features))


def _is_sound(result: Result) -> bool:
    """Whether an answer is one: probabilities that sum to 1, finite numbers, ink between 0 and 1."""
    if isinstance(result, Classification):
        return math.isclose(sum(score.prob for score in result.labels), 1.0, abs_tol=1e-3)
    if isinstance(result, GeneratedRows):
        return bool(result.rows) and all(
            math.isfinite(value) for row in result.rows for _, value in row.values
        )
    if isinstance(result, GeneratedPictures):
        return bool(result.pictures) and all(
            _has_ink_in_range(made.picture.pixels) for made in result.pictures
        )
    return isinstance(result, Attribution) and all(math.isfinite(s) for row in result.scores for s in row)


def _has_ink_in_range(pixels: Iterable[Iterable[float]]) -> bool:
    return all(0.0 <= ink <= 1.0 for row in pixels for ink in row)


class _OutsideCalls:
    """Notes every attempt of this process to look up a name or to reach another machine, from now on."""

    def __init__(self) -> None:
        self._count = 0
        sys.addaudithook(self._note)  # cannot be taken away again; the process ends after this command

    def _note(self, event: str, args: tuple[object, ...]) -> None:
        if event == "socket.getaddrinfo":
            self._count += str(args[0]) not in {"localhost", "127.0.0.1", "::1", "None"}
        elif event == "socket.connect":
            address = args[1]
            self._count += isinstance(address, tuple) and str(address[0]) not in {
                "localhost",
                "127.0.0.1",
                "::1",
            }

    def check(self) -> tuple[bool, Message]:
        return _find("network", self._count == 0, count=self._count)
