"""Home: what its doors show was computed by the bundled models, and showing it loads none of them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app import examples
from app.components.pictures import to_data_uri
from app.pages import SCREENS
from app.screens import home
from core.engine import get_engine
from core.engine.recordings import Recording, get_recording
from core.explainers.occlusion import hide
from core.requests import ExplainRequest, PredictRequest
from core.results import Attribution, Classification, GeneratedPictures
from core.wording import say_percent
from tests.app.screens import driving
from tests.app.screens.driving import list_html, open_screen, read, to_text

pytestmark = pytest.mark.timeout(300)
REPO = Path(__file__).resolve().parents[3]


def read_door(meaning: str) -> str:
    (html,) = [
        body
        for body in list_html(open_screen("home"))
        if f'v-door-verb {meaning}"' in body and "v-door" in body
    ]
    return html


def test_home_loads_no_model_and_no_framework():
    code = (
        "import sys; from tests.app.screens.driving import open_screen, list_html; from core.engine import get_engine; "
        "at = open_screen('home'); assert len(list_html(at)) >= 6; "
        "heavy = {'torch', 'sklearn', 'scipy', 'pandas', 'diffusers', 'gradio', 'transformers', 'timm'}; "
        "from core.engine import _engine; "
        "print(sorted(heavy & set(sys.modules)), _engine)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[] None"


def test_the_predict_door_shows_what_the_model_says():
    driving.load_models()
    recording = get_recording("digit-predict")
    assert isinstance(recording.request, PredictRequest)
    model = get_engine().run(recording.request).result
    assert isinstance(model, Classification)
    door = read_door("p")
    for score in model.labels[:1]:
        assert f"{score.label}{say_percent(score.prob)}" in to_text(door)
    assert to_data_uri(recording.request.input) in door
    assert 'class="v-frame"' in door


def test_the_generate_door_shows_what_the_model_makes():
    driving.load_models()
    made = driving.make_digits(examples.MADE_DIGIT, examples.SEED).pictures[0]
    door = read_door("g")
    assert f"A {made.label} that the model made" in door
    assert 'class="v-frame made"' in door
    recorded = get_recording("digit-generate").answer.result
    assert isinstance(recorded, GeneratedPictures)
    shown = recorded.pictures[0].picture
    assert to_data_uri(shown) in door
    for line, recorded_line in zip(made.picture.pixels, shown.pixels, strict=True):
        assert line == pytest.approx(recorded_line, abs=1e-3)


def test_the_explain_door_says_what_hiding_really_does():
    driving.load_models()
    recording = get_recording("digit-explain")
    assert isinstance(recording.request, ExplainRequest)
    result = get_engine().run(recording.request).result
    assert isinstance(result, Attribution)
    said = to_text(read_door("e"))
    strongest = examples.get_strongest(result)
    if re.search(r"\b(falls|rises|stays)\b", said):
        after = driving.read_digit(hide(result.picture, strongest, result.patch_size)).prob_of(result.label)
        before = result.prob
        if say_percent(before) == say_percent(after):
            assert f"stays at {say_percent(before)}" in said
        else:
            direction = "rises" if after > before else "falls"
            assert f"{direction} from {say_percent(before)} to {say_percent(after)}" in said


def test_another_recording_changes_what_every_door_shows(monkeypatch: pytest.MonkeyPatch):
    driving.load_models()
    before = [read_door(meaning) for meaning in "pge"]
    engine, picture = get_engine(), examples.get_example_digits()[(examples.DIGIT + 1) % 10].picture
    explained = engine.run(examples.look_request(picture))
    assert isinstance(explained.result, Attribution)
    strongest = examples.get_strongest(explained.result)
    hidden = examples.digit_request(hide(picture, strongest, explained.result.patch_size))
    requests = {
        "digit-predict": examples.digit_request(picture), "digit-explain": examples.look_request(picture),
        "digit-hidden": hidden, "digit-generate": examples.digits_request("2", 77),
    }  # fmt: skip

    def record(name: str) -> Recording:
        return replace(get_recording(name), request=requests[name], answer=engine.run(requests[name]))

    monkeypatch.setattr(home, "get_recording", record)
    after = [read_door(meaning) for meaning in "pge"]
    assert all(to_text(old) != to_text(new) or old != new for old, new in zip(before, after, strict=True))
    assert "A 2 that the model made" in after[1]
    assert after[0] != before[0]
    assert after[2] != before[2]


def test_every_door_leads_to_a_screen_that_exists():
    links = {element.proto.label: element.proto for element in open_screen("home").get("page_link")}
    assert set(links) >= {"Show it a picture", "Make a new one", "Look inside", "Open the board"}
    slugs = {screen.slug for screen in SCREENS}
    for label, proto in links.items():
        assert proto.page.split("?")[0].strip("/") in slugs, label
        assert not proto.external


def test_the_plan_door_counts_the_questions_of_the_checklist():
    from core.lifecycle.checklist import get_checklist

    checklist = get_checklist()
    said = read(open_screen("home"), "v-phases")
    counts = [int(count) for count in re.findall(r"(\d+) questions?", said)]
    assert counts == [len(checklist.list_items(phase.slug)) for phase in checklist.phases]


def test_no_template_is_left_unfilled():
    for body in list_html(open_screen("home")):
        assert not re.search(r"[{}]", to_text(body))
