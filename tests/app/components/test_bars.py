"""Probability bars: the order, the words for a share, and that no label becomes a tag."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from app.components.bars import bars_html
from core.results import Classification, LabelScore
from core.wording import say_percent


def classify(**probs: float) -> Classification:
    return Classification(tuple(LabelScore(label, prob) for label, prob in probs.items()))


RESULT = classify(seven=0.62, one=0.3, nine=0.079, two=0.001, zero=0.0)


def read(html: str) -> list[tuple[str, str, bool]]:
    """Return (label, share in words, whether it stands out) of each bar."""
    plain = re.sub(r'<i aria-hidden="true">.*?</i>', "", html)
    rows = re.findall(r'<li class="(\w*)"><span>(.*?)</span><s>(.*?)</s></li>', plain)
    return [(unescape(name), unescape(share), hot == "hot") for hot, name, share in rows]


@pytest.mark.parametrize("in_line", [True, False])
def test_the_likeliest_comes_first_and_stands_out(in_line: bool):
    rows = read(bars_html(RESULT, in_line=in_line))
    assert [label for label, _, _ in rows] == ["seven", "one", "nine", "two", "zero"]
    assert [hot for *_, hot in rows] == [True, False, False, False, False]


def test_shares_are_said_in_per_cent_and_never_as_nothing():
    assert [share for _, share, _ in read(bars_html(RESULT))] == [
        say_percent(score.prob) for score in RESULT.labels
    ]
    assert "0\u00a0%" not in [share for _, share, _ in read(bars_html(RESULT))]


def test_bars_are_as_long_as_their_share():
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", bars_html(RESULT))]
    assert widths == pytest.approx([62.0, 30.0, 7.9, 0.1, 0.0])


def test_no_more_bars_than_asked_for():
    assert [label for label, *_ in read(bars_html(RESULT, most=2))] == ["seven", "one"]


def test_the_label_under_discussion_is_never_left_out():
    rows = read(bars_html(RESULT, most=3, hot="zero", meaning="e"))
    assert [(label, hot) for label, _, hot in rows] == [("seven", False), ("one", False), ("zero", True)]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", "</li><img src=x onerror=alert(1)>", "a & b", '"quoted"']
)
def test_a_label_never_becomes_a_tag(evil: str):
    parser = Tags()
    parser.feed(bars_html(Classification((LabelScore(evil, 0.9), LabelScore("b", 0.1)))))
    assert set(parser.tags) == {"ul", "li", "span", "s", "i", "u"}
    assert evil in parser.text


def test_every_sign_of_less_is_written_as_html():
    """``< 1 %`` is text: a bare < only works because browsers forgive it."""
    assert not re.search(r"<(?![a-z/])", bars_html(RESULT))
