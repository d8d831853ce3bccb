"""The digits demo without a browser: what it answers, and what it makes of what a browser may send."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image, ImageDraw

from core.engine import use_engine
from core.errors import InputError
from core.requests import Picture
from core.results import Classification, LabelScore
from core.wording import Sentence, Span
from demos import digits
from demos.look import bars_html, film_html, picture_html, to_html, to_png
from tests.fakes import FakeCatalog, build_engine

STROKE = [[[0.5, 0.1], [0.5, 0.9]]]


@pytest.fixture(autouse=True)
def catalog() -> Iterator[FakeCatalog]:
    catalog = FakeCatalog()
    with use_engine(build_engine(catalog)):
        yield catalog


def _event(**data: Any) -> Any:
    return SimpleNamespace(_data=data)


def _file(folder: Path) -> str:
    image = Image.new("L", (64, 64), 255)
    ImageDraw.Draw(image).line([(32, 8), (33, 56)], 0, 6)
    path = folder / "one.png"
    image.save(path)
    return str(path)


def test_a_drawing_is_read_and_its_sentence_says_what_the_model_says() -> None:
    said, bars = digits.read_drawing(_event(strokes=STROKE))
    label = said.split('<b class="p">')[1].split(",")[0].removeprefix("a ")
    assert label in {"ink", "paper"}
    assert bars.index(label) < bars.index("hot") + 100
    assert "your drawing" in said


@pytest.mark.parametrize(
    "strokes",
    [
        None,
        [],
        "strokes",
        {"a": 1},
        [None],
        [[]],
        [[["a", "b"]]],
        [[[0.1]]],
        [[[2, 0.5], [-1, 0.5]]],
        [[[float("nan"), 0.5]]],
        [[[True, None]]],
    ],
)
def test_what_is_no_drawing_leaves_the_page_as_it_began(strokes: Any) -> None:
    said, bars = digits.read_drawing(_event(strokes=strokes))
    assert "Draw a digit" in said
    assert "hot" not in bars


def test_an_endless_drawing_is_cut() -> None:
    endless = [[[0.5, 0.5]] * 100_000] * 1000
    assert sum(len(stroke) for stroke in digits._check_strokes(endless)) <= digits.MAX_POINTS


def test_a_picked_digit_is_the_real_one_and_is_shown_on_the_pad() -> None:
    for index in range(10):
        said, _, pad = digits.read_example(_event(index=index))
        assert "this picture" in said
        assert pad.startswith("data:image/png;base64,")


@pytest.mark.parametrize("index", [None, -1, 10, "3", 1e9, [3]])
def test_a_pick_of_nothing_picks_the_first(index: Any) -> None:
    assert digits.read_example(_event(index=index)) == digits.read_example(_event(index=0))


def test_an_uploaded_file_is_read_and_one_that_cannot_be_gets_words(tmp_path: Path) -> None:
    said, _, pad = digits.read_upload(_file(tmp_path))
    assert "your picture" in said
    assert pad.startswith("data:image/png")


def test_an_error_is_said_in_words_and_leaves_the_pad(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: object) -> Picture:
        raise InputError("model-unknown", model_id="<script>")

    monkeypatch.setattr(digits, "_read_file", refuses)
    said, bars, pad = digits.read_upload("x")
    assert "There is no model" in said
    assert "<script>" not in said
    assert "hot" not in bars
    assert pad == gr.skip()


def test_making_one_shows_its_steps_and_hands_the_picture_to_the_predictor(
    catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_request = digits._to_request
    monkeypatch.setattr(
        digits, "_to_request", lambda label, seed: dataclasses.replace(to_request(label, seed), label="ink")
    )
    updates = list(digits.make_digit("7", 4))
    assert [made for *_, made, _ in updates[:-1]] == [None] * (len(updates) - 1)
    said, film, picture, made, ask = updates[-1]
    assert "starting from noise" in said
    assert film.count("<figure>") == 6
    assert "made" in picture
    assert made == Picture(((0.4, 0.4), (0.4, 0.4)))
    assert ask.interactive
    assert "the made picture" in digits.read_made(made)[0]


@pytest.mark.parametrize("seed", [-1, 1e13, float("nan"), None, "1"])
def test_a_start_number_that_is_none_gets_words(seed: Any) -> None:
    (update,) = digits.make_digit("7", seed)
    assert "<b>" in update[0]
    assert update[3] is None


def test_a_digit_that_is_none_gets_words() -> None:
    *_, update = digits.make_digit("cat", 1)
    assert "<b>" in update[0]


def test_asking_before_anything_was_made_says_what_to_do() -> None:
    assert "Draw a digit" in digits.read_made(None)[0]


def test_the_endpoint_for_programs_gives_what_the_command_line_gives(tmp_path: Path) -> None:
    answer = digits.predict_digit(_file(tmp_path))
    assert list(answer) == ["model_id", "task", "labels", "elapsed_ms", "device", "dtype", "reason"]
    assert sum(one["prob"] for one in answer["labels"]) == pytest.approx(1)


def test_every_value_is_escaped() -> None:
    evil = "<img onerror=alert(1)>"
    picture = Picture(((0.0,),))
    result = Classification((LabelScore(evil, 1.0),))
    shown = [
        to_html(Sentence((Span(evil), Span(evil, "p")))),
        picture_html(picture, alt=f'"{evil}'),
        film_html([(evil, picture)], alt="{caption}"),
        bars_html(result, [], name=evil),
        bars_html(None, [evil], name=evil),
    ]
    assert not any(evil in html for html in shown)


def test_a_picture_becomes_ink_on_paper() -> None:
    image = Image.open(io.BytesIO(to_png(Picture(((0.0, 1.0), (0.5, 2.0))))))
    assert [image.getpixel((x, y)) for y in range(2) for x in range(2)] == [255, 0, 128, 0]
