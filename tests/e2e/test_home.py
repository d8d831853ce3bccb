"""Home in a real browser: computed pictures at once, no model needed, and four doors that lead where they say."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OpenPage = Callable[..., Page]
DOORS = {
    "predict": ("Show it a picture", "/predict-or-generate?data=image", "Predict or generate?"),
    "generate": ("Make a new one", "/predict-or-generate?data=image", "Predict or generate?"),
    "explain": ("Look inside", "/where-did-it-look", "Where did it look?"),
    "plan": ("Open the board", "/project-board", None),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_leads_where_it_says(suite: Any, open_page: OpenPage, door: str) -> None:
    name, address, question = DOORS[door]
    page = open_page(suite.url)
    panel = page.locator(f".st-key-door-{door}")
    link = panel.get_by_role("link", name=name)
    expect(link).to_have_count(1)
    # the whole door is the link: a press on its picture, not on the words of the link, goes there
    box = panel.locator("h2").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] - 10, box["y"] + box["height"] / 2)
    page.wait_for_url(suite.url + address)
    if question:
        expect(page.locator("h1")).to_have_text(question)
    else:
        expect(page.locator("h1")).not_to_contain_text("What can AI do")
    expect(page.locator("h1")).to_have_count(1)


def test_a_door_is_opened_with_the_keyboard(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url)
    page.get_by_role("link", name="Look inside").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Where did it look?")


def test_the_doors_show_computed_pictures(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url)
    expect(page.locator(".st-key-door-predict .v-bars li")).to_have_count(3)
    expect(page.locator(".st-key-door-generate .v-frame.made img")).to_have_count(1)
    expect(page.locator(".st-key-door-explain .v-map i")).to_have_count(16)
    expect(page.locator(".v-phases li")).to_have_count(4)
    drawn = page.evaluate(
        "() => [...document.querySelectorAll('.v-door img')].map((one) => one.naturalWidth)"
    )
    assert drawn
    assert all(width >= 8 for width in drawn)


def test_the_ways_in_and_the_demos(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url)
    page.get_by_role("link", name="A table of flowers").click()
    expect(page.locator("h1")).to_have_text("Predict or generate?")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("What can AI do")
    page.get_by_role("link", name="What is running here?").click()
    expect(page.locator("h1")).to_have_text("What is running?")
    page.go_back()
    page.locator("a.v-way").click()
    page.wait_for_url("**/demos/")
    expect(page.locator("h1")).to_be_visible()


def test_home_is_complete_on_a_fresh_server_that_loads_no_model(
    start_suite: Callable[..., Any], open_page: OpenPage
) -> None:
    fresh = start_suite(VITRINE_PRELOAD="0")
    page = open_page(fresh.url)
    for key in ("predict", "generate", "explain", "plan"):
        expect(page.locator(f".st-key-door-{key} a")).to_be_visible()
    expect(page.locator(".st-key-door-predict .v-bars li")).to_have_count(3)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(fresh.url + "/readyz", timeout=30)
    assert refused.value.code == 503
    assert json.loads(refused.value.read())["ready"] == 0
    assert fresh.get("/healthz") == 200


@pytest.mark.parametrize(
    ("path", "question", "answer"),
    [
        ("/predict-or-generate?data=image&pick=5", "Predict or generate?", "reads this picture as"),
        ("/where-did-it-look?pick=3", "Where did it look?", "certainty"),
    ],
)
def test_a_deep_link_that_is_the_first_thing_a_fresh_server_sees(
    start_suite: Callable[..., Any], open_page: OpenPage, path: str, question: str, answer: str
) -> None:
    fresh = start_suite()
    page = open_page(fresh.url + path)
    expect(page.locator("h1")).to_have_text(question)
    expect(page.locator(".v-answer")).to_contain_text(answer, timeout=120_000)
    assert page.url == fresh.url + path


@pytest.mark.parametrize(
    "slug", ["predict-or-generate", "where-did-it-look", "project-board", "what-is-running"]
)
def test_every_screen_opens_by_its_address(suite: Any, open_page: OpenPage, slug: str) -> None:
    page = open_page(f"{suite.url}/{slug}")
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("h1")).not_to_be_empty()
    expect(page.locator("h1")).not_to_contain_text("What can AI do")
    expect(page.locator(".v-answer").first).not_to_be_empty()
