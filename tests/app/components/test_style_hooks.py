"""What the style sheet hangs on: a Streamlit upgrade that drops a hook fails here, not on stage.

Hooks are ``data-testid`` of Streamlit's own elements and ``st-key-*`` of ours; generated class names are none.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import streamlit

import app

APP = Path(app.__file__).parent
STYLE = re.sub(
    r"/\*.*?\*/", "", (APP / "components" / "style.css").read_text(encoding="utf-8"), flags=re.DOTALL
)
TEST_IDS = sorted(set(re.findall(r'data-testid="(\w+)"', STYLE)))
KEYS = sorted(set(re.findall(r"\.st-key-([\w-]+)", STYLE)))
KEY_PARTS = sorted(set(re.findall(r'class\*="st-key-([\w-]*)"', STYLE)) - {""})
OUR_STATES = {
    "p",
    "g",
    "e",
    "v",
    "b",
    "hot",
    "line",
    "made",
    "plain",
    "now",
    "miss",
    "hidden",
    "done",
    "given",
}


@cache
def read_front_end() -> str:
    folder = Path(streamlit.__file__).parent / "static"
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.js")))


@cache
def list_key_patterns() -> tuple[str, ...]:
    """Return a pattern for every literal that becomes a key: what is computed in an f-string matches anything."""
    patterns: set[str] = set()
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"[\w-]+", node.value)
            ):
                patterns.add(re.escape(node.value))
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"
                    for part in node.values
                ]
                if re.match(r"[\w\\-]{2,}", parts[0]):
                    patterns.add("".join(parts))
    return tuple(patterns)


def test_there_are_hooks_at_all():
    assert len(TEST_IDS) > 15
    assert len(KEYS) > 15


@pytest.mark.parametrize("test_id", TEST_IDS)
def test_streamlit_still_has_the_element(test_id: str):
    assert re.search(rf"""["'`]{test_id}["'`]""", read_front_end()), (
        f"Streamlit has no data-testid {test_id} any more"
    )


@pytest.mark.parametrize("key", KEYS)
def test_the_app_still_gives_the_key(key: str):
    assert any(re.fullmatch(pattern, key) for pattern in list_key_patterns()), (
        f"no element of app/ has the key {key}"
    )


@pytest.mark.parametrize("part", KEY_PARTS)
def test_the_app_still_gives_keys_that_begin_so(part: str):
    literals = [re.sub(r"\\(.)", r"\1", pattern.split(".+")[0]) for pattern in list_key_patterns()]
    assert any(literal.startswith(part) or (literal and part.startswith(literal)) for literal in literals)


def test_streamlit_still_marks_elements_with_their_key():
    assert "st-key-" in read_front_end()


def test_nothing_hangs_on_a_generated_class_name():
    classes = set(re.findall(r"\.([a-zA-Z][\w-]*)", re.sub(r"\{[^{}]*\}|\"[^\"]*\"", "", STYLE)))
    foreign = {name for name in classes if not name.startswith(("v-", "st-key-"))} - OUR_STATES
    assert foreign == set()


@pytest.mark.parametrize("word", ["http:", "https:", "@import", "url("])
def test_the_style_sheet_fetches_nothing(word: str):
    assert word not in STYLE
