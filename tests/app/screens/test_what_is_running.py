"""What is running? Every number on the page is the engine's, and a model in use is never taken away."""

from __future__ import annotations

import html as library
import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from app.screens.what_is_running import compose_answer, say_size
from core.engine import EngineStatus, ModelStatus, use_engine
from core.engine.in_process import InProcessEngine
from core.errors import EngineError
from core.requests import Picture, PredictRequest
from core.specs import Message, Placement
from core.wording import explain_error, say_count
from tests.fakes import FakeCatalog, build_engine

_ON_CPU = Placement("cpu", "float32", Message("devices.none"))
_ON_CARD = Placement("cuda:0", "float32", Message("devices.none"))


def _show() -> None:
    from app.screens import what_is_running

    what_is_running.show()


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> FakeCatalog:
    fakes = FakeCatalog()
    monkeypatch.setattr("core.registry.get_model", fakes.get_model)
    return fakes


@pytest.fixture
def engine(catalog: FakeCatalog) -> Iterator[InProcessEngine]:
    engine = build_engine(catalog)
    with use_engine(engine):
        yield engine


def _run(test: AppTest) -> AppTest:
    test.run()
    assert not test.exception, test.exception
    return test


def _open() -> AppTest:
    return _run(AppTest.from_function(_show, default_timeout=20))


def _text(test: AppTest) -> str:
    bodies = "\n".join(str(element.proto.body) for element in test.get("html"))
    return library.unescape(re.sub(r"<[^>]+>", " ", bodies))


def _answer(status: EngineStatus) -> str:
    return " ".join(map(str, compose_answer(status)))


def _status(*models: ModelStatus, waiting: int = 0) -> EngineStatus:
    return EngineStatus(models, waiting, 64, 0, 2, 640_000_000)


def _model(state: str, size: int | None = None, placement: Placement | None = None) -> ModelStatus:
    return ModelStatus("m", state, placement, size, None, None, 1, 0, 0, None, None)  # type: ignore[arg-type]


def test_every_number_in_the_answer_equals_the_engines_status(engine: InProcessEngine) -> None:
    engine.load("iris-classifier")
    engine.load("digits-convnet")
    status = engine.status()
    ready = [model for model in status.models if model.state == "ready"]
    answer = _answer(status)
    assert answer.startswith(f"{say_count(len(ready)).capitalize()} models")
    assert say_size(sum(model.size_bytes or 0 for model in ready)) in answer
    assert "nobody is waiting" in answer
    assert re.sub(r"\s+", " ", answer) in re.sub(r"\s+", " ", _text(_open())).replace(" ;", ";").replace(
        " ,", ","
    )


_LEARNED = "of learned numbers; "
_ON_THE_PROCESSOR = "is in memory on this machine's processor, "
_ON_THE_CARD = "is in memory on this machine's graphics card, "
_ON_BOTH = "are in memory on this machine's processor and graphics card, "


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (_status(_model("unloaded")), "No model is in memory now; nobody is waiting."),
        (
            _status(_model("ready", 38_000_000, _ON_CPU)),
            f"One model {_ON_THE_PROCESSOR}38\u00a0MB {_LEARNED}nobody is waiting.",
        ),
        (
            _status(_model("ready", 1_000_000, _ON_CARD), waiting=1),
            f"One model {_ON_THE_CARD}1.0\u00a0MB {_LEARNED}one question is waiting.",
        ),
        (
            _status(_model("ready", 1_000, _ON_CPU), _model("ready", 2_000, _ON_CARD), waiting=12),
            f"Two models {_ON_BOTH}3\u00a0kB {_LEARNED}12 questions are waiting.",
        ),
        (
            _status(_model("loading"), _model("failed")),
            "No model is in memory now; nobody is waiting. One is being loaded. One could not be loaded.",
        ),
    ],
)
def test_the_answer_changes_with_the_status(status: EngineStatus, expected: str) -> None:
    assert _answer(status) == expected


def test_unloading_a_model_in_use_says_so_and_leaves_it(
    engine: InProcessEngine, catalog: FakeCatalog
) -> None:
    engine.load("digits-convnet")
    test = _open()
    catalog.predictor.gate._is_open = False
    ticket = engine.submit(PredictRequest("digits-convnet", Picture(((0.5,),))))
    catalog.predictor.gate.wait_for_arrivals()
    test.button(key="unload-digits-convnet").click()
    _run(test)
    catalog.predictor.gate.open()
    ticket.result(timeout_s=20)
    assert engine.is_ready("digits-convnet")
    assert str(explain_error(EngineError("model-in-use", model_id="digits-convnet"))) in _text(test)


def test_a_model_is_unloaded_and_loaded_by_its_buttons(engine: InProcessEngine) -> None:
    engine.load("iris-generator")
    test = _open()
    test.button(key="unload-iris-generator").click()
    _run(test)
    assert not engine.is_ready("iris-generator")
    test.button(key="load-iris-generator").click()
    _run(test)
    engine.load("iris-generator")  # waits for the load that the button began
    loads = {model.model_id: model.loads for model in engine.status().models}
    assert loads["iris-generator"] == 2


def test_pressing_load_does_not_wait_for_the_model(engine: InProcessEngine, catalog: FakeCatalog) -> None:
    gate = catalog.loaders["digits-diffusion"].gate
    gate._is_open = False
    test = _open()
    test.button(key="load-digits-diffusion").click()
    _run(test)
    gate.wait_for_arrivals()
    assert {model.model_id: model.state for model in engine.status().models}["digits-diffusion"] == "loading"
    assert _run(test).button(key="unload-digits-diffusion").disabled
    gate.open()


def test_every_model_has_its_card_in_a_drawer(engine: InProcessEngine) -> None:
    test = _open()
    for model in engine.status().models:
        test.button(key=f"card-{model.model_id}").click()
        _run(test)
        assert "Show the fingerprints" in _text(test)


@pytest.mark.parametrize(
    ("num_bytes", "said"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (58_316, "58 kB"), (999_499, "999 kB"),
        (1_240_000, "1.2 MB"), (9_960_000, "10 MB"), (640_000_000, "640 MB"), (2_500_000_000, "2.5 GB"),
    ],
)  # fmt: skip
def test_memory_is_said_as_people_say_it(num_bytes: int, said: str) -> None:
    assert say_size(num_bytes) == said.replace(" ", "\u00a0")
