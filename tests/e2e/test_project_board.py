"""The project board in a browser: evidence moves the gate, a tick alone is no evidence, the export holds what was said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Suite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NOTE = "The support lead phones the ten customers most likely to leave."


def test_evidence_moves_the_gate_and_goes_into_the_export(
    suite: Suite, open_page: Callable[..., Page], tmp_path: Path
):
    page = open_page(f"{suite.url}/project-board")
    answer = page.locator(".v-answer")
    expect(answer).to_contain_text("the first is the decision it will change")
    before = answer.inner_text()

    page.get_by_role("button", name="Tick", exact=True).click()
    expect(page.locator(".v-happened")).to_contain_text("without evidence")
    assert answer.inner_text() == before

    page.get_by_role("button", name="Add evidence").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("textbox", name="Who will do what differently?").fill("Too short")
    drawer.get_by_role("button", name="Save").click()
    expect(drawer.locator(".v-error")).to_be_visible()
    drawer.get_by_role("textbox", name="Who will do what differently?").fill(NOTE)
    drawer.get_by_role("textbox", name="Who says so?").fill("Ada")
    drawer.get_by_role("button", name="Save").click()
    expect(drawer).to_be_hidden()
    expect(answer).not_to_have_text(before)
    assert "Ada" not in page.url
    assert "phones" not in page.url

    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    target = tmp_path / "project.md"
    download.value.save_as(target)
    exported = target.read_text()
    assert re.sub(r"\\", "", NOTE) in re.sub(r"\\", "", exported)
    assert "LC030" in exported


def test_a_link_opens_the_question_and_a_hostile_project_file_leaves_the_board(
    suite: Suite, open_page: Callable[..., Page], tmp_path: Path
):
    page = open_page(f"{suite.url}/project-board?phase=data&item=LC012")
    expect(page.locator(".v-item")).to_contain_text("LC012")
    hostile = tmp_path / "project.json"
    hostile.write_text(json.dumps({"schema": 1, "title": ["<script>"], "answers": 7}))
    page.get_by_role("button", name="Project", exact=True).click()
    drawer = page.get_by_role("dialog")
    drawer.locator("input[type=file]").set_input_files(hostile)
    expect(drawer.locator(".v-error")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".v-item")).to_contain_text("LC012")
