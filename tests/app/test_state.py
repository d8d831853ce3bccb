"""Asking from a screen: recorded answers stand in only until the model is there, and a failure is said."""

from __future__ import annotations

import contextlib
from typing import NoReturn

from streamlit.testing.v1 import AppTest

from core.engine import use_engine
from core.engine.in_process import InProcessEngine
from core.errors import ModelFileError
from tests.fakes import ON_CPU, FakeCatalog, build_engine


def _ask_for_a_flower() -> None:
    import streamlit as st

    from app import examples, state

    state.begin_run()
    answer = state.ask(examples.flower_request())
    st.text("recorded" if answer.recorded else "live")
    state.end_run()


def test_a_recorded_answer_has_its_model_loaded_and_gives_way_to_the_live_one():
    with use_engine(build_engine()) as engine:
        at = AppTest.from_function(_ask_for_a_flower).run()
        engine.load("iris-classifier")  # waits for the load that the page asked for
        loads = {model.model_id: model.loads for model in engine.status().models}
        assert loads["iris-classifier"] == 1
        assert loads["digits-diffusion"] == 0, "only the model of this page is fetched"
        assert at.run().text[0].value == "live"


def test_a_model_that_cannot_be_loaded_is_said_beside_its_recorded_answer():
    def refuse(spec: object, report: object) -> NoReturn:
        raise ModelFileError("model-file-changed", model_id="iris-classifier", file="model.skops")

    engine = InProcessEngine(
        workers=1, queue_size=4, catalog=FakeCatalog(), get_files=refuse, place=lambda _: ON_CPU
    )  # pyright: ignore[reportArgumentType]
    with use_engine(engine):
        with contextlib.suppress(ModelFileError):
            engine.load("iris-classifier")
        at = AppTest.from_function(_ask_for_a_flower).run()
        assert at.text[0].value == "recorded"
        alerts = [element.proto.body for element in at.get("html") if "v-error" in element.proto.body]
        assert len(alerts) == 1
        assert "iris-classifier could not be loaded" in alerts[0]
