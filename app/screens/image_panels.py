"""Predict or generate, on pictures of digits: any picture in and a name out, a name in and new pictures out."""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from app import examples, state
from app.components import page
from app.components.bars import bars_html
from app.components.html import Place, escape, to_html, word, write
from app.components.page import Header
from app.components.picker import pick
from app.components.pictures import film_html, picture_html
from app.components.quiz import ask_quiz
from app.screens import picture_input
from app.screens.picture_input import Taken
from core import registry
from core.engine import get_engine
from core.requests import Picture, PredictRequest
from core.results import (
    Answer,
    Classification,
    DenoisingStep,
    GeneratedPicture,
    GeneratedPictures,
    LoadProgress,
    Step,
)
from core.wording import get_words, say

_KEY = "predict-or-generate.image"
_WAYS = ("pick", "draw", "upload", "photo", "made")
_DIGITS = tuple(str(digit) for digit in range(10))
_MAX_SEED = 999_999
_FRAMES = 6
_ROUND_TRIP_SEED = 500_000
"""Far from the seeds that a visitor meets by pressing the button."""


def show(header: Header) -> None:
    """Show both panels and the round trip under them, and say what came out."""
    label = state.get_choice("digit", _DIGITS, examples.MADE_DIGIT)
    generated: Answer | None = None
    predicted: tuple[Taken, Answer] | None = None
    with st.container(key="exhibit"):
        left, right = st.columns(2, gap="medium")
        with right, st.container(key="panel-generate", height="stretch"), state.guard():
            generated = _generate()
        with left, st.container(key="panel-predict", height="stretch"), state.guard():
            predicted = _predict(_shown(generated).picture if generated else None)
    _answer(header, predicted, generated)
    with st.container(key="strip"):
        strip = Place(f"round-trip-{label}")
    _foot()
    with state.guard():
        _show_round_trip(strip, label)


def _predict(made: Picture | None) -> tuple[Taken, Answer] | None:
    page.verb(
        "p",
        "predict-or-generate.predict.verb",
        "predict-or-generate.predict.image",
        "predict-or-generate.predict.formula",
    )
    area = st.container(horizontal=True, key="read-area")
    taken = picture_input.take(picture_input.choose_way(_WAYS), area, made)
    if taken.picture is None:
        return None
    answer = state.ask(examples.digit_request(taken.picture))
    bars = bars_html(answer.expect(Classification))
    with area:
        if taken.way == "draw":
            write(bars)
        else:
            shown = picture_html(
                taken.picture, alt=str(say(f"{_KEY}.input-alt")), size_px=224, made=taken.way == "made"
            )
            write(f'<div class="v-beside">{shown}{bars}</div>')
    return taken, answer


def _generate() -> Answer:
    page.verb(
        "g",
        "predict-or-generate.generate.verb",
        "predict-or-generate.generate.image",
        "predict-or-generate.generate.formula",
    )
    area = Place("film")
    words = get_words(_KEY)
    with st.container(horizontal=True, key="make-row"):
        label = st.selectbox(
            words["which"], _DIGITS, index=_DIGITS.index(examples.MADE_DIGIT), key="digit", bind="query-params",
            label_visibility="collapsed", width=96,
        )  # fmt: skip
        seed = state.get_number("seed", examples.SEED, _MAX_SEED)
        st.button(words["make"], key="do-generate", type="primary", on_click=_next_seed, args=(seed,))
        st.button(
            word("predict-or-generate.ask-predictor"), key="ask-predictor", icon=":material/arrow_back:",
            on_click=picture_input.send_made,
        )  # fmt: skip
    request = examples.digits_request(label, seed)
    which = state.get_number("shown", 0, request.num - 1)

    def paint(step: Step) -> None:
        if isinstance(step, DenoisingStep):
            _show_film(
                area,
                [step],
                which,
                label,
                str(say(f"{_KEY}.working", step=step.step, num_steps=step.num_steps)),
            )
        elif isinstance(step, LoadProgress):
            area.write(f'<p class="v-caption" role="status">{_loading(step)}</p>', is_final=False)

    watched = state.watch(request, paint)
    result = watched.answer.expect(GeneratedPictures)
    _show_film(area, watched.steps, which, label, "", result.pictures[which].picture)
    pick(
        "made-picker",
        [(str(say(f"{_KEY}.made-alt", label=made.label)), made.picture) for made in result.pictures],
        label=words["made-row"], picked=which, on_pick=lambda index: state.set_choice("shown", index, 0), made=True,
    )  # fmt: skip
    return watched.answer


def _loading(step: LoadProgress) -> str:
    return word("common.loading-model", percent=round(100 * step.done_bytes / max(step.total_bytes, 1)))


def _next_seed(seed: int) -> None:
    state.set_choice("seed", (seed + examples.NUM_MADE) % _MAX_SEED, examples.SEED)
    state.set_choice("shown", 0, 0)


def _shown(answer: Answer) -> GeneratedPicture:
    pictures = answer.expect(GeneratedPictures).pictures
    return pictures[state.get_number("shown", 0, len(pictures) - 1)]


def _show_film(
    area: Place, steps: list[DenoisingStep] | tuple[DenoisingStep, ...], which: int, label: str, progress: str,
    finished: Picture | None = None,
) -> None:  # fmt: skip
    """Show six frames from noise to picture, and the picture itself large."""
    frames: list[tuple[str, Picture]] = []
    last = len(steps) - 1
    for position in range(min(_FRAMES, len(steps))):
        step = steps[round(position * last / max(_FRAMES - 1, 1))]
        caption = str(say(f"{_KEY}.noise")) if step.step == 0 else str(say(f"{_KEY}.step", step=step.step))
        frames.append((caption, step.pictures[which]))
    large = finished or steps[-1].pictures[which]
    film = (
        film_html(frames, alt=str(say(f"{_KEY}.film-alt", label=label)))
        if finished
        else f'<p class="v-caption" role="status">{escape(progress)}</p>'
    )
    picture = picture_html(large, alt=str(say(f"{_KEY}.made-alt", label=label)), size_px=223, made=True)
    area.write(f'<div class="v-made">{film}{picture}</div>', is_final=finished is not None)


def _answer(header: Header, predicted: tuple[Taken, Answer] | None, generated: Answer | None) -> None:
    sentences = []
    answers = [generated] if generated else []
    if predicted:
        taken, answer = predicted
        answers.append(answer)
        best = answer.expect(Classification).best
        whose = str(say(f"{_KEY}.whose.{taken.way}"))
        sentences.append(say(f"{_KEY}.answer-read", whose=whose, label=best.label, prob=best.prob))
    else:
        sentences.append(say(f"{_KEY}.answer-empty"))
    if generated:
        sentences.append(say(f"{_KEY}.answer-made", label=_shown(generated).label))
    header.answer(*sentences, recorded=page.is_recorded(*answers))


@lru_cache(maxsize=10)
def _round_trip(label: str) -> tuple[bool, ...]:
    """Make fifty pictures of a digit and have each one read; the same for every visitor, so it is computed once."""
    engine = get_engine()
    made = engine.run(examples.digits_request(label, _ROUND_TRIP_SEED, examples.NUM_ROUND_TRIP)).expect(
        GeneratedPictures
    )
    hits: list[bool] = []
    for one in made.pictures:
        read = engine.run(PredictRequest("digits-convnet", one.picture)).expect(Classification)
        hits.append(read.best.label == label)
    return tuple(hits)


def _show_round_trip(place: Place, label: str) -> None:
    title = f'<h3 class="v-sub">{word(f"{_KEY}.round-trip")}</h3>'
    engine = get_engine()
    if not place.is_filled:
        waiting = word(f"{_KEY}.round-trip-wait", num=examples.NUM_ROUND_TRIP)
        place.write(f'<div class="v-trip">{title}<p class="v-caption">{waiting}</p></div>', is_final=False)
    if not (engine.is_ready("digits-diffusion") and engine.is_ready("digits-convnet")):
        state.fetch("digits-convnet", "digits-diffusion")
        return
    hits = _round_trip(label)
    sentence = say(f"{_KEY}.round-trip-says", num=len(hits), label=label, hits=sum(hits))
    alt = str(say(f"{_KEY}.round-trip-alt", hits=sum(hits), num=len(hits)))
    dots = "".join("<i></i>" if hit else '<i class="miss"></i>' for hit in hits)
    place.write(
        f'<div class="v-trip">{title}<p class="v-caption">{to_html(sentence)}</p>'
        f'<div class="v-dots" role="img" aria-label="{escape(alt)}">{dots}</div></div>'
    )


def _foot() -> None:
    def deeper() -> None:
        card = registry.get_model("digits-convnet").card
        accuracy = next(metric for metric in card["metrics"] if metric["name"] == "accuracy")
        generator = registry.get_model("digits-diffusion").card
        page.sections(
            f"{_KEY}.deeper", train=1198, test=599, n=accuracy["n"], steps=16,
            accuracy=accuracy["value"], low=accuracy["low"], high=accuracy["high"],
            limits=" ".join([*card["limits"], *generator["limits"]]),
        )  # fmt: skip

    page.foot(
        say(f"{_KEY}.happened", train=1198),
        {
            "look-deeper": deeper,
            "check-yourself": lambda: ask_quiz(f"{_KEY}.quiz"),
            "presenter-notes": lambda: page.sections(f"{_KEY}.notes"),
        },
    )
