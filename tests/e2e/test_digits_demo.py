"""The digits demo in a real browser: draw, pick, upload, make, ask; by mouse and by keyboard; in both themes.

The fixtures prove the rest for every page that is opened: nothing leaves the machine, no script fails and the
content security policy holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OpenPage = Callable[..., Page]


def _draw_one(page: Page) -> None:
    box = page.locator(".v-pad canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] - 20, steps=12)
    page.mouse.up()


def _read(page: Page) -> tuple[str, str]:
    """Return the digit that was read and how sure the model is, from the sentence."""
    match = re.search(r"as a (\d), (.+%)\.", page.locator("#v-said-read").inner_text())
    assert match
    return match[1], match[2]


def test_a_drawing_is_read_and_the_bars_agree_with_the_sentence(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url + "/demos/digits/")
    expect(page.locator("#v-said-read")).to_contain_text("Draw a digit")
    _draw_one(page)
    expect(page.locator("#v-said-read")).to_contain_text("your drawing")
    expect(page.locator(".v-pad .clear")).to_be_visible()
    page.wait_for_timeout(600)  # the pen is lifted: the last stroke is on its way
    digit, sure = _read(page)
    assert digit == "1"
    assert page.locator("#v-reading li.hot").inner_text().split("\n") == [digit, sure]
    page.click(".v-pad .clear")
    expect(page.locator("#v-said-read")).to_contain_text("Draw a digit")
    expect(page.locator("#v-reading li.hot")).to_have_count(0)


def test_another_picture_changes_the_sentence(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url + "/demos/digits/")
    answers = []
    for place in (1, 2):
        page.click(f"#v-picker button:nth-of-type({place})")
        expect(page.locator("#v-said-read")).to_contain_text(f"this picture as a {place - 1}")
        answers.append(_read(page))
    assert answers[0] != answers[1]


def test_an_upload_is_read_and_what_is_no_picture_gets_words(
    suite: Any, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(suite.url + "/demos/digits/")
    image = Image.new("L", (80, 80), 255)
    ImageDraw.Draw(image).line([(40, 10), (41, 70)], 0, 8)
    image.save(tmp_path / "one.png")
    page.set_input_files("#v-upload input[type=file], input[type=file]", tmp_path / "one.png")
    expect(page.locator("#v-said-read")).to_contain_text("your picture as a 1")
    (tmp_path / "two.png").write_bytes(b"<script>alert(1)</script>")
    page.set_input_files("#v-upload input[type=file], input[type=file]", tmp_path / "two.png")
    expect(page.locator("#v-said-read b")).to_be_visible()
    expect(page.locator("#v-said-read b.p")).to_have_count(0)


def test_a_made_digit_comes_in_steps_and_goes_to_the_predictor(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url + "/demos/digits/")
    ask = page.locator("#v-ask")
    expect(ask).to_be_disabled()
    page.locator("#v-digit label", has_text="4").click()
    page.locator("#v-seed input").fill("3")
    page.click("#v-make")
    expect(page.locator("#v-said-made")).to_contain_text("a new 4")
    expect(page.locator("#v-film figure")).to_have_count(6)
    first = page.locator("#v-made img").get_attribute("src")
    ask.click()
    expect(page.locator("#v-said-read")).to_contain_text("the made picture as a")
    page.click("#v-make")
    page.wait_for_timeout(300)
    expect(ask).to_be_enabled()
    assert page.locator("#v-made img").get_attribute("src") == first  # the same start, the same picture
    page.locator("#v-seed input").fill("4")
    page.click("#v-make")
    page.wait_for_timeout(300)
    expect(ask).to_be_enabled()
    assert page.locator("#v-made img").get_attribute("src") != first


def test_everything_works_with_the_keyboard_alone(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url + "/demos/digits/")
    expect(page.locator("#v-make")).to_be_visible()

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.locator(selector).evaluate("(wanted) => wanted === document.activeElement"):
                return
        raise AssertionError(f"{selector} cannot be reached")

    tab_to("#v-picker button:nth-of-type(6)")
    page.keyboard.press("Enter")
    expect(page.locator("#v-said-read")).to_contain_text("this picture as a 5")
    tab_to("#v-digit input[value='8']")  # Gradio makes every radio button a tab stop of its own
    page.keyboard.press("Space")
    expect(page.locator("#v-digit label.selected")).to_have_text("8")
    tab_to("#v-make")
    page.keyboard.press("Enter")
    expect(page.locator("#v-said-made")).to_contain_text("new 8")
    tab_to("#v-ask")
    page.keyboard.press("Enter")
    expect(page.locator("#v-said-read")).to_contain_text("the made picture")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844), (320, 700)])
@pytest.mark.parametrize("path", ["/demos/", "/demos/digits/"])
def test_axe_finds_nothing_serious_and_nothing_overflows(
    suite: Any, open_page: OpenPage, path: str, theme: str, width: int, height: int
) -> None:
    page = open_page(suite.url + path, theme=theme, width=width, height=height)
    if path.endswith("digits/"):
        page.click("#v-picker button:nth-of-type(4)")
        expect(page.locator("#v-said-read")).to_contain_text("this picture as a")
        page.click("#v-make")
        expect(page.locator("#v-ask")).to_be_enabled()
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_whole_demo_fits_on_a_projector(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url + "/demos/digits/")
    page.click("#v-make")
    expect(page.locator("#v-ask")).to_be_enabled()
    assert page.evaluate("document.documentElement.scrollHeight") <= 720


def test_the_index_leads_to_the_demo_and_back_without_a_script(suite: Any, open_page: OpenPage) -> None:
    page = open_page(suite.url + "/demos/", java_script_enabled=False)
    page.click(".v-door")
    page.wait_for_url("**/demos/digits/")
    page.go_back()
    page.click("nav a")
    page.wait_for_url(suite.url + "/")
