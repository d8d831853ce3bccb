"""Drives one screen without a browser: run it, press things, read what it says.

Owns how a screen is run on its own and how its words are read back from HTML; knows no screen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

from streamlit.testing.v1 import AppTest

from core.engine import get_engine
from core.requests import Picture, PredictRequest, TableRow
from core.results import Attribution, Classification, GeneratedPictures, GeneratedRows

MODELS = ("iris-classifier", "iris-generator", "digits-convnet", "digits-diffusion")
PERCENT = r"(?:[<>]\s)?\d+\s%"
"""How a share is said; ``\\s`` also matches the no-break space."""


def _run_screen(slug: str) -> None:
    from app import state
    from app.pages import SCREENS

    state.begin_run()
    next(screen for screen in SCREENS if screen.slug == slug).show()
    state.end_run()


def load_models() -> None:
    """Load every model, so that answers are live ones."""
    for model_id in MODELS:
        get_engine().load(model_id)


def open_screen(slug: str, query: Mapping[str, str] | None = None) -> AppTest:
    """Run a screen once, as a link to it with these choices would."""
    at = AppTest.from_function(_run_screen, default_timeout=120, kwargs={"slug": slug})
    for name, value in (query or {}).items():
        at.query_params[name] = value
    return rerun(at)


def rerun(at: AppTest) -> AppTest:
    """Run it again; nothing may have failed."""
    at.run()
    assert not at.exception, [exception.message for exception in at.exception]
    return at


def list_html(at: AppTest) -> list[str]:
    """Return every piece of HTML on the screen."""
    return [element.proto.body for element in at.get("html")]


def to_text(html: str) -> str:
    """Return what a person reads: without tags, alt texts not included."""
    return unescape(re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)))


def read(at: AppTest, css_class: str) -> str:
    """Return the text of the one piece of HTML in which this class is."""
    (html,) = [body for body in list_html(at) if re.search(rf'class="[^"]*\b{css_class}\b', body)]
    return to_text(html)


def read_answer(at: AppTest) -> str:
    """Return the one-line answer."""
    return read(at, "v-answer")


def read_bars(at: AppTest) -> list[tuple[str, str]]:
    """Return (label, share in words) of each bar, from top to bottom."""
    (html,) = [body for body in list_html(at) if "v-bars" in body]
    rows = re.findall(
        r"<li[^>]*>.*?<span>(.*?)</span>.*?<s>(.*?)</s>.*?</li>", re.sub(r"<i .*?</i>", "", html)
    )
    return [(unescape(label), unescape(share)) for label, share in rows]


def read_alerts(at: AppTest) -> list[str]:
    """Return the errors that are shown."""
    return [to_text(body) for body in list_html(at) if 'role="alert"' in body]


def read_digit(picture: Picture) -> Classification:
    """Ask the model itself which digit it is."""
    result = get_engine().run(PredictRequest("digits-convnet", picture)).result
    assert isinstance(result, Classification)
    return result


def read_flower(values: Mapping[str, float]) -> Classification:
    """Ask the model itself which flower it is."""
    result = get_engine().run(PredictRequest("iris-classifier", TableRow(tuple(values.items())))).result
    assert isinstance(result, Classification)
    return result


def make_flowers(label: str, seed: int, num: int = 20) -> GeneratedRows:
    """Ask the generator itself for flowers."""
    from core.requests import GenerateRequest

    result = get_engine().run(GenerateRequest("iris-generator", label=label, num=num, seed=seed)).result
    assert isinstance(result, GeneratedRows)
    return result


def make_digits(label: str, seed: int, num: int = 8) -> GeneratedPictures:
    """Ask the generator itself for pictures."""
    from core.requests import GenerateRequest

    result = get_engine().run(GenerateRequest("digits-diffusion", label=label, num=num, seed=seed)).result
    assert isinstance(result, GeneratedPictures)
    return result


def explain_digit(picture: Picture) -> Attribution:
    """Ask the explainer itself where the predictor looked."""
    from core.requests import ExplainRequest

    result = get_engine().run(ExplainRequest("digits-convnet", picture, "occlusion")).result
    assert isinstance(result, Attribution)
    return result


def picture_from(html: str, marker: str) -> str:
    """Return the data address of the first picture after ``marker``."""
    return re.search(r'src="(data:[^"]+)"', html[html.index(marker) :])[1]  # type: ignore[index]
