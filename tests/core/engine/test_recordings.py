"""Recorded answers: written from real weights, cheap to read, and still true."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.engine.in_process import InProcessEngine
from core.engine.recordings import (
    MAX_STEPS,
    get_fingerprints,
    get_recording,
    list_recordings,
    thin_out,
    write_recording,
)
from core.errors import NotFoundError
from core.requests import GenerateRequest, Picture, PredictRequest
from core.results import Answer, DenoisingStep
from core.results_json import to_json
from tests.fakes import build_engine

PICTURE = Picture(((1 / 3, 0.0), (0.0, 1.0)))


def differences(a: object, b: object, where: str = "") -> list[str]:
    """Return where two JSON values differ by more than 1e-4."""
    if isinstance(a, float | int) and isinstance(b, float | int):
        return [] if abs(a - b) <= 1e-4 else [f"{where}: {a} and {b}"]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            found
            for i, pair in enumerate(zip(a, b, strict=True))
            for found in differences(*pair, f"{where}[{i}]")
        ]
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [found for key in a for found in differences(a[key], b[key], f"{where}.{key}")]
    return [] if a == b else [f"{where}: {a!r} and {b!r}"]


def test_a_recording_gives_back_what_the_engine_said(tmp_path: Path):
    engine = build_engine()
    for name, request in (
        ("one-digit", PredictRequest("digits-convnet", PICTURE)),
        ("new-digits", GenerateRequest("digits-diffusion", "ink", num=2, seed=4, num_inference_steps=20)),
    ):
        write_recording(name, request, engine, tmp_path)
        recording = get_recording(name, tmp_path)
        live = engine.run(request)
        assert recording.request == request
        assert not differences(to_json(recording.answer)["result"], to_json(live)["result"])
        assert recording.answer.recorded is not None
        assert recording.answer.recorded["weights_sha256"] == get_fingerprints(request.model_id)
    assert len(recording.steps) == MAX_STEPS
    assert [recording.steps[0].step, recording.steps[-1].step] == [0, 20]
    assert recording.answer.recorded["seed"] == 4
    assert list_recordings(tmp_path) == ("new-digits", "one-digit")
    engine.close()


def test_a_film_strip_is_evenly_spaced_and_keeps_both_ends():
    steps = [DenoisingStep(step, 50, ()) for step in range(51)]
    kept = [step.step for step in thin_out(steps)]
    assert kept == [0, 10, 20, 30, 40, 50]
    assert thin_out(steps[:5]) == steps[:5]


@pytest.mark.parametrize("name", ["nothing", "../secret", "", "Loud", "a.json"])
def test_an_unknown_recording_is_said(tmp_path: Path, name: str):
    (tmp_path / "secret.json").write_text("{}")
    folder = tmp_path / "recordings"
    folder.mkdir()
    with pytest.raises(NotFoundError):
        get_recording(name, folder)


def test_reading_a_recording_imports_no_framework(tmp_path: Path):
    engine = build_engine()
    write_recording("one", PredictRequest("digits-convnet", PICTURE), engine, tmp_path)
    engine.close()
    code = (
        "import sys, pathlib; from core.engine.recordings import get_fingerprints, get_recording;"
        f"get_recording('one', pathlib.Path({str(tmp_path)!r}));"
        "sys.exit(str({'torch', 'numpy', 'sklearn', 'pandas'} & set(sys.modules) or 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr.strip() == "0"


@pytest.fixture(scope="module")
def real_engine():
    engine = InProcessEngine(workers=1, queue_size=8)
    yield engine
    engine.close()


@pytest.mark.parametrize("name", list_recordings())
def test_every_recording_that_ships_is_what_the_shipped_weights_say(name: str, real_engine: InProcessEngine):
    recording = get_recording(name)
    assert recording.answer.recorded is not None
    assert recording.answer.recorded["weights_sha256"] == get_fingerprints(recording.request.model_id)
    events = list(real_engine.stream(recording.request))
    live = events[-1]
    assert isinstance(live, Answer)
    assert not differences(to_json(recording.answer)["result"], to_json(live)["result"])
    by_step = {event.step: event for event in events if isinstance(event, DenoisingStep)}
    for step in recording.steps:
        assert not differences(to_json(step), to_json(by_step[step.step]))


def test_a_recording_is_compact(tmp_path: Path):
    engine = build_engine()
    path = write_recording("one", PredictRequest("digits-convnet", PICTURE), engine, tmp_path)
    assert ", " not in path.read_text()
    assert json.loads(path.read_text())["answer"]["result"]["labels"][0]["prob"] == 0.666667
    engine.close()
