"""Where did it look? in a real browser: patches are hidden by mouse and by keyboard, and a link remembers which."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OpenPage = Callable[..., Page]
PATH = "/where-did-it-look"


def open_screen(suite: Any, open_page: OpenPage, query: str = "", **context: Any) -> Page:
    page = open_page(f"{suite.url}{PATH}{query}", **context)
    expect(page.locator(".v-answer")).not_to_be_empty()
    expect(page.locator(".v-recorded")).to_have_count(0)
    if "from=" not in query:
        expect(patches(page)).to_have_count(16)
    return page


def patches(page: Page) -> Locator:
    return page.get_by_role("grid").get_by_role("button")


def patch(page: Page, row: int, column: int) -> Locator:
    return page.get_by_role("grid").get_by_role("button", name=f"row {row}, column {column},")


def test_a_pressed_patch_is_hidden_and_the_sentence_says_what_that_did(
    suite: Any, open_page: OpenPage
) -> None:
    page = open_screen(suite, open_page, "?hide=none")
    answer = page.locator(".v-answer")
    expect(answer).to_contain_text("With everything shown")
    patch(page, 2, 3).click()
    expect(patch(page, 2, 3)).to_have_attribute("aria-pressed", "true")
    expect(answer).to_contain_text("Without that patch its certainty")
    expect(page).to_have_url(re.compile("hide=6"))
    patch(page, 3, 2).click()
    expect(answer).to_contain_text("Without those 2 patches its certainty")
    patch(page, 2, 3).click()  # and shown again
    expect(patch(page, 2, 3)).to_have_attribute("aria-pressed", "false")
    expect(answer).to_contain_text("Without that patch")


def test_hiding_more_and_more_changes_the_number(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, "?hide=none")
    big = page.locator(".v-big b")
    seen = {big.inner_text()}
    for row, column in ((1, 2), (1, 3), (2, 2), (2, 3), (3, 2), (3, 3), (4, 2), (4, 3)):
        patch(page, row, column).click()
        expect(patch(page, row, column)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".v-bars")).to_be_visible()
        seen.add(big.inner_text())
    assert len(seen) > 2
    page.get_by_role("button", name="Show everything again").click()
    expect(page.locator(".v-answer")).to_contain_text("With everything shown")
    expect(page.locator('[role="grid"] [aria-pressed="true"]')).to_have_count(0)
    expect(page.get_by_role("button", name="Show everything again")).to_have_count(0)


def test_patches_are_hidden_with_the_keyboard_alone(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, "?hide=none")
    patch(page, 1, 1).focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(patch(page, 2, 2)).to_be_focused()
    page.keyboard.press("Space")
    expect(patch(page, 2, 2)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".v-answer")).to_contain_text("Without that patch")
    expect(patch(page, 2, 2)).to_be_focused()  # a rerun does not take the focus away
    assert patches(page).evaluate_all("(all) => all.filter((one) => one.tabIndex === 0).length") == 1
    page.keyboard.press("Space")
    expect(page.locator(".v-answer")).to_contain_text("With everything shown")


def test_a_link_remembers_what_was_hidden(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, "?pick=5")
    patch(page, 4, 4).click()
    expect(patch(page, 4, 4)).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("hide="))
    again = open_screen(suite, open_page, page.url.removeprefix(suite.url + PATH))
    expect(again.locator(".v-answer")).to_have_text(page.locator(".v-answer").inner_text())
    pressed = [[one.get_attribute("aria-pressed") for one in patches(shown).all()] for shown in (page, again)]
    assert pressed[0] == pressed[1]
    assert "true" in pressed[0]


def test_another_digit_has_another_map(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page)
    image = page.locator(".map img")
    before = image.get_attribute("src") or ""
    page.get_by_role("radio", name="real 0").click()
    expect(image).not_to_have_attribute("src", before)
    expect(page.locator(".v-verdict")).to_contain_text("it says", ignore_case=True)


def test_a_drawing_gets_a_map(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, "?from=draw")
    expect(page.locator(".v-answer")).to_contain_text("Draw or choose a digit")
    address = page.url
    box = page.locator("canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 25, steps=8)
    page.mouse.up()
    expect(patches(page)).to_have_count(16)
    expect(page.locator(".v-verdict")).to_contain_text("it says", ignore_case=True)
    assert page.url == address
    page.get_by_role("radio", name="Pick").click()
    expect(page.locator(".v-verdict")).to_contain_text("it says", ignore_case=True)


def test_a_hostile_upload_gets_a_sentence(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, "?from=upload")
    page.locator("input[type=file]").set_input_files(
        [{"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture"}]
    )
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_role("radio", name="Pick").click()
    expect(patches(page)).to_have_count(16)
    expect(page.get_by_role("alert")).to_have_count(0)
