"""Predict or generate? in a real browser: by keyboard, by mouse, by link; what was drawn or uploaded stays private."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OpenPage = Callable[..., Page]
TABLE, IMAGE = "/predict-or-generate", "/predict-or-generate?data=image"


def answer(page: Page) -> Locator:
    return page.locator(".v-answer")


def find(pattern: str, locator: Locator) -> str:
    """Return what the first group of a pattern matches in a text."""
    found = re.search(pattern, locator.inner_text())
    assert found
    return found[1]


def wait_for_another(locator: Locator, old: str) -> str:
    """Wait until a text is there that is not the old one, and return it."""
    expect(locator).not_to_have_text(old)
    return locator.inner_text()


def open_screen(suite: Any, open_page: OpenPage, path: str, **context: Any) -> Page:
    page = open_page(suite.url + path, **context)
    expect(answer(page)).to_contain_text("%" if "from=draw" not in path else "digit")
    expect(page.locator(".v-recorded")).to_have_count(0)
    return page


def draw(page: Page, *points: tuple[float, float]) -> None:
    """Draw one stroke on the pad with the mouse; points are shares of its sides."""
    box = page.locator("canvas").bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


ONE = ((0.5, 0.12), (0.5, 0.85))


def to_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def draw_one_file() -> bytes:
    image = Image.new("L", (120, 160), 255)
    ImageDraw.Draw(image).line([(60, 20), (62, 140)], 0, 14)
    return to_png(image)


# ---- table --------------------------------------------------------------------------------------------------


def test_a_slider_moved_with_the_keyboard_changes_the_sentence(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, TABLE)
    before = answer(page).inner_text()
    slider = page.get_by_role("slider", name="Petal width")
    slider.focus()
    for _ in range(6):
        slider.press("ArrowLeft")
    wait_for_another(answer(page), before)
    expect(answer(page)).to_contain_text("Your flower is most likely")
    expect(page.locator(".v-bars li.hot span")).to_have_text(find(r"likely (\w+),", answer(page)))
    assert "petal_width=" in page.url


def test_another_kind_and_other_flowers(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, TABLE)
    rows = page.locator(".v-rows")
    before = rows.inner_text()
    page.get_by_role("radio", name="setosa").or_(page.get_by_role("button", name="setosa")).first.click()
    expect(answer(page)).to_contain_text("20 new setosa flowers")
    before = wait_for_another(rows, before)
    page.get_by_role("button", name="Make 20 others").click()
    wait_for_another(rows, before)
    expect(page).to_have_url(re.compile("kind=setosa.*seed=20|seed=20.*kind=setosa"))


def test_ask_the_predictor_moves_the_sliders_to_the_made_flower(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, TABLE + "?kind=setosa")
    expect(answer(page)).to_contain_text("setosa")
    first_row = [float(cell) for cell in page.locator(".v-rows tr").nth(1).locator("td").all_inner_texts()]
    page.get_by_role("button", name="Ask the predictor").click()
    expect(answer(page)).to_contain_text("The new flower is most likely")
    sliders = [float(one.input_value()) for one in page.get_by_role("slider").all()]
    assert sliders == pytest.approx(first_row, abs=0.06)
    page.get_by_role("slider", name="Sepal length").press("ArrowRight")
    expect(answer(page)).to_contain_text("Your flower")


def test_a_copied_link_restores_the_table(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, TABLE)
    page.get_by_role("slider", name="Petal length").press("ArrowRight")
    page.get_by_role("button", name="Make 20 others").click()
    page.wait_for_url("**seed=20**")
    expect(page).to_have_url(re.compile("petal_length=5"))
    expect(page.get_by_role("slider", name="Petal length")).to_have_value("5")
    page.get_by_role("button", name="Ask the predictor").click()
    expect(answer(page)).to_contain_text("The new flower")
    page.get_by_role("slider", name="Petal width").press("ArrowLeft")
    expect(answer(page)).to_contain_text("Your flower")
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == page.url
    again = open_page(link)
    expect(answer(again)).to_have_text(answer(page).inner_text())
    expect(again.locator(".v-rows")).to_have_text(page.locator(".v-rows").inner_text(), use_inner_text=True)
    expect(again.get_by_role("slider")).to_have_count(4)
    values = [[one.input_value() for one in shown.get_by_role("slider").all()] for shown in (page, again)]
    assert values[0] == values[1]


# ---- image --------------------------------------------------------------------------------------------------


def test_another_picture_changes_the_sentence(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, IMAGE)
    before = answer(page).inner_text()
    page.get_by_role("radio", name="real 0").click()
    before = wait_for_another(answer(page), before)
    expect(page).to_have_url(re.compile("pick=0"))
    page.get_by_role("radio", name="real 0").press("ArrowRight")  # the arrows move and pick
    wait_for_another(answer(page), before)
    expect(page.get_by_role("radio", name="real 1")).to_be_focused()
    expect(page.get_by_role("radio", name="real 1")).to_have_attribute("aria-checked", "true")


def test_drawing_undoing_and_clearing(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, IMAGE + "&from=draw")
    expect(answer(page)).to_contain_text("Draw a digit")
    address = page.url
    draw(page, *ONE)
    expect(answer(page)).to_contain_text("reads your drawing as a")
    one_stroke = answer(page).inner_text()
    draw(page, (0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2))
    two_strokes = wait_for_another(answer(page), one_stroke)
    expect(page.locator("canvas")).to_have_attribute("aria-label", "Drawing pad, 2 strokes")
    page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_text(one_stroke)
    assert two_strokes != one_stroke
    page.get_by_role("button", name="Clear").click()
    expect(answer(page)).to_contain_text("Draw a digit")
    assert page.url == address  # what was drawn is nobody's business


def test_an_upload_is_read_and_stays_out_of_the_address(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, IMAGE)
    page.get_by_role("radio", name="Upload").click()
    expect(answer(page)).to_contain_text("Draw a digit, or choose another way")
    address = page.url
    page.locator("input[type=file]").set_input_files(
        [{"name": "my secret.png", "mimeType": "image/png", "buffer": draw_one_file()}]
    )
    expect(answer(page)).to_contain_text("reads your picture as a")
    assert page.url == address
    assert "secret" not in page.url


def test_made_pictures_are_chosen_sent_left_and_read(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, IMAGE)
    large = page.locator(".v-made > .v-frame.made img")
    first = large.get_attribute("src") or ""
    page.get_by_role("button", name="Make another").click()
    expect(large).not_to_have_attribute("src", first)
    expect(page).to_have_url(re.compile("seed=8"))
    second = large.get_attribute("src") or ""
    page.get_by_role("radiogroup", name="Eight made pictures").get_by_role("radio").nth(4).click()
    expect(large).not_to_have_attribute("src", second)
    expect(page).to_have_url(re.compile("shown=4"))
    page.get_by_role("button", name="Ask the predictor").click()
    expect(answer(page)).to_contain_text("reads the made picture as a")
    sent = page.locator(".st-key-panel-predict .v-frame.made")
    expect(sent).to_be_visible()
    assert sent.evaluate("(one) => getComputedStyle(one).borderStyle") == "dashed"
    expect(sent.locator("img")).to_have_attribute("src", large.get_attribute("src") or "")


def test_the_round_trip_is_made_and_shown_as_dots(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, IMAGE + "&digit=4")
    trip = page.locator(".v-trip")
    expect(trip).to_contain_text("Shown 50 made pictures of a 4")
    hits = int(find(r"called (\d+) of them", trip))
    expect(trip.locator(".v-dots i")).to_have_count(50)
    expect(trip.locator(".v-dots i:not(.miss)")).to_have_count(hits)


def test_a_link_restores_the_pictures(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, IMAGE + "&digit=2&seed=16&shown=3&from=made")
    expect(answer(page)).to_contain_text("made picture")
    again = open_screen(suite, open_page, page.url.removeprefix(suite.url))
    expect(answer(again)).to_have_text(answer(page).inner_text())
    large = ".v-made > .v-frame.made img"
    expect(again.locator(large)).to_have_attribute("src", page.locator(large).get_attribute("src") or "")


def test_the_chooser_goes_from_table_to_image_and_back(suite: Any, open_page: OpenPage) -> None:
    page = open_screen(suite, open_page, TABLE)
    page.get_by_role("radio", name="Image").click()
    expect(answer(page)).to_contain_text("The predictor reads")
    expect(page).to_have_url(re.compile("data=image"))
    page.get_by_role("radio", name="Table").click()
    expect(answer(page)).to_contain_text("Your flower")


# ---- hostile pictures ---------------------------------------------------------------------------------------


def bomb() -> bytes:
    """A PNG of 30,000 x 30,000 pixels in a few bytes: only its header is needed to be refused."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 200_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def cmyk() -> bytes:
    image = Image.new("CMYK", (120, 160), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(60, 20), (62, 140)], (0, 0, 0, 255), 14)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def sixteen_bits() -> bytes:
    import numpy as np

    values = np.full((160, 120), 65535, np.uint16)
    values[20:140, 54:68] = 0
    return to_png(Image.fromarray(values))


HOSTILE: dict[str, tuple[str, bytes, bool]] = {
    "empty": ("empty.png", b"", False),
    "all black": ("black.png", to_png(Image.new("L", (64, 64), 0)), False),
    "huge": ("bomb.png", bomb(), False),
    "truncated": ("cut.png", draw_one_file()[:120], False),
    "text": ("notes.png", b"<script>document.title = 'owned'</script>", False),
    "16 bits": ("sixteen.png", sixteen_bits(), True),
    "CMYK": ("cmyk.jpg", cmyk(), True),
}


def test_hostile_pictures_get_a_sentence_or_an_answer_and_nothing_is_lost(
    suite: Any, open_page: OpenPage
) -> None:
    page = open_screen(suite, open_page, IMAGE + "&digit=4")
    title = page.title()
    page.get_by_role("radio", name="Upload").click()
    expect(answer(page)).to_contain_text("Draw a digit, or choose another way")
    for case, (name, content, is_readable) in HOSTILE.items():
        page.locator("input[type=file]").set_input_files(
            [{"name": name, "mimeType": "image/png", "buffer": content}]
        )
        if is_readable:
            expect(answer(page), case).to_contain_text("reads your picture as a")
            expect(page.get_by_role("alert"), case).to_have_count(0)
        else:
            expect(page.get_by_role("alert").first, case).to_be_visible()
            expect(answer(page), case).not_to_contain_text("reads your picture")
        expect(answer(page), case).to_contain_text("The generator made a new 4")
        page.get_by_role("radio", name="Pick").click()  # the way out of any of them
        expect(answer(page), case).to_contain_text("reads this picture as a")
        expect(page.get_by_role("alert"), case).to_have_count(0)
        page.get_by_role("radio", name="Upload").click()
        expect(answer(page), case).to_contain_text("Draw a digit, or choose another way")
    assert page.title() == title
    page.get_by_role("radio", name="Pick").click()
    expect(answer(page)).to_contain_text("reads this picture as a")
