"""The list of demos: every row has words, Blocks and a cover, and listing them costs nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from core.wording import get_words
from demos.gallery import DEMOS, Demo, Group, build, draw_cover


def test_listing_the_demos_imports_no_gradio() -> None:
    code = (
        "import sys, demos.gallery as g; assert g.DEMOS; assert not {'gradio', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_address_is_taken_once_and_fits_into_one() -> None:
    slugs = [demo.slug for demo in DEMOS]
    assert len(slugs) == len(set(slugs))
    assert all(slug.replace("-", "").isalnum() and slug == slug.lower() for slug in slugs)


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_every_demo_has_its_words_and_group(demo: Demo) -> None:
    words = get_words(f"demos.{demo.key}")
    assert words["title"]
    assert words["says"]
    assert demo.group in get_args(Group)
    assert get_words("demos.groups")[demo.group]


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_every_demo_is_built_anew_and_keeps_gradio_quiet(demo: Demo) -> None:
    first, second = build(demo), build(demo)
    assert first is not second
    assert first.analytics_enabled is False
    assert first._queue.max_size == 64
    assert first.delete_cache == (600, 3600)
    assert first.title == get_words(f"demos.{demo.key}")["title"]
    assert "<img" in draw_cover(demo)
