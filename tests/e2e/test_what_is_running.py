"""What is running? in a browser: a model is unloaded and comes back, and its card opens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Suite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_model_is_unloaded_and_loaded_again_and_its_card_opens(
    suite: Suite, open_page: Callable[..., Page]
):
    page = open_page(f"{suite.url}/what-is-running")
    answer = page.locator(".v-answer")
    expect(answer).to_contain_text("Four models", timeout=90_000)
    page.get_by_role("button", name="Unload Iris maker").click()
    load = page.get_by_role("button", name="Load Iris maker", exact=True)
    expect(load).to_be_visible()
    expect(answer).to_contain_text("Three models")
    load.focus()
    page.keyboard.press("Enter")
    expect(answer).to_contain_text("Four models", timeout=90_000)
    page.get_by_role("button", name="Model card Digit reader").click()
    expect(page.get_by_role("dialog")).to_contain_text("digits-convnet")
