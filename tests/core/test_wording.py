"""From a key and values to a sentence: nothing that a visitor typed can become markup or a template."""

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core import wording
from core.assets import get_assets_dir
from core.specs import Message
from core.wording import Span, say, say_count, say_percent

NBSP = wording.NO_BREAK_SPACE
CONTENT = get_assets_dir() / "content" / "en"


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch):
    """Words of the test's own under ``test.<entry>``."""
    entries: dict[str, Any] = {
        "plain": "Hello {name}.",
        "meant": "It says <p>{label}</p>, <b>surely</b>.",
        "many": {"one": "{count} patch", "other": "{count} patches"},
        "spelled": "{count:Words} patches, {count:words} of them here",
        "share": "{prob:pct}",
        "nested": "{where}. Done.",
        "deep": {"er": "found"},
    }
    monkeypatch.setattr(wording, "_load", lambda language, name: {"test": entries}[name])


def test_a_template_is_filled(words):
    assert str(say("test.plain", name="Ada")) == "Hello Ada."


def test_tags_become_meaning(words):
    assert say("test.meant", label="3").spans == (
        Span("It says "),
        Span("3", "p"),
        Span(", "),
        Span("surely", "b"),
        Span("."),
    )


@pytest.mark.parametrize("typed", ["<g>red</g>", "</p>", "{label}", "{0}", "%s", "<script>alert(1)</script>"])
def test_a_value_can_become_neither_a_tag_nor_a_template(words, typed: str):
    sentence = say("test.meant", label=typed)
    assert sentence.spans[1] == Span(typed, "p")
    assert len(sentence.spans) == 5


@given(st.text())
def test_any_text_is_said_as_it_is(typed: str):
    assert wording.fill("<e>{text}</e>", {"text": typed}).spans == (Span(typed, "e"),)


def test_one_and_many_are_told_apart(words):
    assert [str(say("test.many", count=count)) for count in (0, 1, 2)] == [
        "0 patches",
        "1 patch",
        "2 patches",
    ]


def test_a_message_is_worded_like_its_key(words):
    assert say(Message("test.plain", {"name": "Ada"})) == say("test.plain", name="Ada")


def test_a_value_that_is_a_message_is_worded_first(words):
    assert str(say("test.nested", where=Message("test.plain", {"name": "<p>"}))) == "Hello <p>.. Done."


@pytest.mark.parametrize("key", ["test.nobody", "test.deep.nobody", "test.plain.deeper"])
def test_a_key_without_words_is_an_error_that_names_it(words, key: str):
    with pytest.raises(KeyError, match=key):
        say(key)


def test_a_value_that_is_missing_is_an_error(words):
    with pytest.raises(KeyError):
        say("test.plain")


@pytest.mark.parametrize(
    ("prob", "said"),
    [
        (0.0, "< 1 %"),
        (0.00999, "< 1 %"),
        (0.01, "1 %"),
        (0.5049, "50 %"),
        (0.94, "94 %"),
        (0.99, "99 %"),
        (0.9901, "> 99 %"),
        (1.0, "> 99 %"),
    ],
)
def test_a_probability_is_never_said_to_be_certain_or_impossible(prob: float, said: str):
    assert say_percent(prob) == said.replace(" ", NBSP)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_is_never_said_lower(a: float, b: float):
    def rank(prob: float) -> float:
        said = say_percent(prob).replace(NBSP, "")
        return {"<1%": 0.5, ">99%": 99.5}.get(said) or float(said.rstrip("%"))

    assert (rank(a) <= rank(b)) or a > b


@pytest.mark.parametrize(
    ("count", "said"), [(0, "no"), (1, "one"), (9, "nine"), (10, "10"), (1797, "1,797"), (-1, "-1")]
)
def test_small_numbers_are_words_and_large_ones_have_commas(count: int, said: str):
    assert say_count(count) == said


def test_a_number_begins_a_sentence_with_a_capital(words):
    assert str(say("test.spelled", count=3)) == "Three patches, three of them here"


def test_a_share_is_said_in_per_cent(words):
    assert str(say("test.share", prob=0.937)) == f"94{NBSP}%"


def every_text(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, dict):
        for value in entry.values():
            yield from every_text(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from every_text(value)


def read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader=wording._SafeLoader)


@pytest.mark.parametrize("path", sorted(CONTENT.glob("*.yaml")), ids=lambda path: path.name)
def test_words_are_read_alike_with_and_without_the_fast_loader(path: Path):
    assert yaml.safe_load(path.read_text("utf-8")) == read(path)


@pytest.mark.parametrize("path", sorted(CONTENT.glob("*.yaml")), ids=lambda path: path.name)
def test_every_tag_that_is_opened_is_closed_before_the_next(path):
    for text in every_text(read(path)):
        is_open = None
        for tag in wording._TAG.finditer(text):
            assert (tag[1] == "/") == (is_open == tag[2]), text
            is_open = None if tag[1] else tag[2]
        assert is_open is None, text


@pytest.mark.parametrize(
    "path",
    [
        path for path in sorted(CONTENT.glob("*.yaml")) if path.name != "cli.yaml"
    ],  # help texts, shown as they are
    ids=lambda path: path.name,
)
def test_every_template_can_be_read(path: Path):
    for text in every_text(read(path)):
        for _, name, spec, _ in string.Formatter().parse(text):
            assert name is None or name.isidentifier(), text
            assert not (spec or "").strip("0123456789.,+dfgspctworW"), text
