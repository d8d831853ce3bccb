"""Where text meets tags: every span is escaped, every meaning becomes a class, and components build no markup."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.components
from app.components.html import to_html, word
from core.wording import fill

COMPONENTS = sorted(Path(app.components.__file__).parent.glob("*.py"))
TAGS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"onmouseover="alert(1)',
    "&lt;b&gt;",
    "</b><p>",
)


@pytest.mark.parametrize("typed", TAGS)
def test_a_value_is_text_in_every_meaning(typed: str):
    for template in ("{label}", "<p>{label}</p>", "<g>a {label}</g> and {label}", "<b>{label}</b>"):
        html = to_html(fill(template, {"label": typed}))
        assert typed not in html
        assert html.count("<") == 2 * template.count("</")


@given(st.text())
def test_only_our_own_tags_come_out(typed: str):
    html = to_html(fill("It is <p>{label}</p>.", {"label": typed}))
    assert html.count("<") == html.count(">") == 2
    assert html.startswith('It is <b class="p">')


def test_a_label_in_an_answer_never_becomes_a_tag():
    said = word("predict-or-generate.table.answer-yours", label="<script>alert(1)</script>", prob=0.5)
    assert "<script" not in said
    assert "&lt;script&gt;" in said


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_components_put_data_into_text_and_attributes_only(path: Path):
    """``innerHTML`` and its kin would let a label become a tag in the browser."""
    source = path.read_text(encoding="utf-8")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "unsafe_allow_html",
        "eval(",
    ):
        assert way not in source
