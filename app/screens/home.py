"""Home: four doors, each with a result that a bundled model computed. Loads no model: the results are recorded."""

from __future__ import annotations

from typing import cast

import streamlit as st

from app.components.bars import bars_html
from app.components.html import escape, to_html, word, write
from app.components.patches import map_html
from app.components.phases import phases_html
from app.components.pictures import picture_html
from app.pages import link
from app.project_state import get_project, has_project
from core.engine.recordings import get_recording
from core.explainers.sentence import describe, get_strongest
from core.lifecycle.checklist import get_checklist
from core.lifecycle.gate import read_board
from core.requests import Picture, PredictRequest
from core.results import Attribution, Classification, GeneratedPictures
from core.wording import get_words, say

_DOORS = {"predict": "p", "generate": "g", "explain": "e"}


def show() -> None:
    """Show the question, the doors and the ways in."""
    write(
        f'<h1 class="v-home-question">{word("home.question")}</h1>'
        f'<p class="v-home-answer">{word("home.answer")}</p>'
    )
    with st.container(key="exhibit"):
        pictures = {"predict": _predicted(), "generate": _made(), "explain": _explained()}
        for column, (door, meaning) in zip(st.columns(3, gap="medium"), _DOORS.items(), strict=True):
            with column, st.container(key=f"door-{door}", height="stretch"):
                write(
                    f'<div class="v-door">{pictures[door]}</div>'
                    f'<h2 class="v-door-verb {meaning}">{word(f"home.{door}.verb")}</h2>'
                    f'<p class="v-door-says">{word(f"home.{door}.says")}</p>'
                )
                _go(door)
        with st.container(key="door-plan"):
            verb, phases = st.columns([4, 8], gap="medium")
            with verb:
                write(
                    f'<h2 class="v-door-verb v">{word("home.plan.verb")}</h2>'
                    f'<p class="v-door-says">{word("home.plan.says")}</p>'
                )
                _go("plan")
            with phases:
                write(phases_html(read_board(get_checklist(), get_project()) if has_project() else None))
    with st.container(horizontal=True, key="ways", vertical_alignment="center", gap="medium"):
        write(f'<p class="v-caption">{word("home.or-start-with")}</p>', is_wide=False)
        ways = get_words("home.ways")
        link("predict-or-generate", ways["tables"], icon="table_chart", data="table")
        link("what-is-running", ways["machine"], icon="memory")
        write(f'<a class="v-way" href="demos/" target="_self">{escape(ways["demos"])}</a>', is_wide=False)


_TARGETS: dict[str, tuple[str, dict[str, str]]] = {
    "predict": ("predict-or-generate", {"data": "image"}),
    "generate": ("predict-or-generate", {"data": "image"}),
    "explain": ("where-did-it-look", {}),
    "plan": ("project-board", {}),
}


def _go(door: str) -> None:
    page, query = _TARGETS[door]
    link(page, str(say(f"home.{door}.go")), icon="arrow_forward", after=True, **query)


def _predicted() -> str:
    recording = get_recording("digit-predict")
    result = recording.answer.expect(Classification)
    picture = cast("Picture", cast("PredictRequest", recording.request).input)
    shown = picture_html(picture, alt=str(say("home.alt.predict", label=result.best.label)), size_px=136)
    return shown + bars_html(result, most=3)


def _made() -> str:
    recording = get_recording("digit-generate")
    result = recording.answer.expect(GeneratedPictures)
    first = result.pictures[0]
    alt = str(say("home.alt.generate", label=first.label))
    arrow = '<span class="v-arrow" aria-hidden="true">→</span>'
    noise, halfway = recording.steps[0], recording.steps[len(recording.steps) // 2]
    frames = [picture_html(step.pictures[0], alt="", size_px=64, edge=False) for step in (noise, halfway)]
    return (
        f"{frames[0]}{arrow}{frames[1]}{arrow}{picture_html(first.picture, alt=alt, size_px=124, made=True)}"
    )


def _explained() -> str:
    result = get_recording("digit-explain").answer.expect(Attribution)
    hidden = get_recording("digit-hidden").answer.expect(Classification)
    alt = str(say("home.alt.explain", label=result.label))
    sentence = to_html(say(describe(result, hidden)))
    return (
        map_html(result, alt=alt, size_px=136, hidden=get_strongest(result))
        + f'<p class="v-door-why">{sentence}</p>'
    )
