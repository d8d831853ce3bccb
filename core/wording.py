"""From a key and values to a sentence: the one loader of all words.

Owns the templates under ``assets/content/<language>/`` and how numbers are said (``94 %``, ``three``). A key is
``<file>.<entry>[.<entry>]``: ``errors.picture-empty.what`` is the entry ``picture-empty``, ``what`` in
``errors.yaml``. Knows no screen: a sentence comes out as spans with a *meaning*, and whoever shows it chooses colours.

Templates are plain text with ``{name}`` for values and four tags for meaning: ``<p>`` predicted, ``<g>`` generated,
``<e>`` explained, ``<v>`` planned; ``<b>`` is strong. Tags are read before values are filled in, so a value can never
become a tag. A value that is a ``Message`` is worded first. An entry with ``one`` and ``other`` chooses by the value
``count``.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import yaml

from core.assets import get_assets_dir
from core.errors import VitrineError
from core.settings import get_settings
from core.specs import Message

NO_BREAK_SPACE = "\u00a0"
_NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster
_TAG = re.compile(r"<(/?)([pgevb])>")

Meaning = Literal["p", "g", "e", "v", "b"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence; ``meaning`` is None for plain words."""

    text: str
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """Worded text, in pieces."""

    spans: tuple[Span, ...]

    def __str__(self) -> str:
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """An error for a screen: three sentences."""

    what: str
    meaning: str
    advice: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.meaning, self.advice) if part)


def say_percent(prob: float) -> str:
    """Say a probability in [0, 1] as people do: ``94 %``, ``< 1 %``, ``> 99 %``; never 0 % and never 100 %."""
    if prob < 0.01:
        return f"<{NO_BREAK_SPACE}1{NO_BREAK_SPACE}%"
    if prob > 0.99:
        return f">{NO_BREAK_SPACE}99{NO_BREAK_SPACE}%"
    return f"{round(prob * 100)}{NO_BREAK_SPACE}%"


def say_count(count: int) -> str:
    """Say a whole number: words below ten, numerals from 10 up, with a comma for thousands."""
    return _NUMBER_WORDS[count] if 0 <= count < len(_NUMBER_WORDS) else f"{count:,}"


class _Formatter(string.Formatter):
    """Fills a template and adds format specs.

    ``pct`` says a probability, ``pct1`` a measured share with one decimal, ``words`` a count, ``Words`` one that begins
    a sentence.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):  # a value that is itself words: {where} in "Mostly {where}."
            return str(say(value))
        if format_spec == "pct":
            return say_percent(float(value))
        if format_spec == "pct1":
            return f"{100 * float(value):.1f}{NO_BREAK_SPACE}%"
        if format_spec == "words":
            return say_count(int(value))
        if format_spec == "Words":
            words = say_count(int(value))
            return words[:1].upper() + words[1:]
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


@cache
def _load(language: str, name: str) -> Mapping[str, Any]:
    path = get_assets_dir() / "content" / language / f"{name}.yaml"
    return cast("Mapping[str, Any]", yaml.load(path.read_text(encoding="utf-8"), Loader=_SafeLoader))  # noqa: S506


def get_words(key: str) -> Any:
    """Return the raw entry of a key: text, list or mapping, in the language of the settings.

    Raises:
        KeyError: there is no such entry; a test finds every key that the code uses.
    """
    name, *path = key.split(".")
    entry: Any = _load(get_settings().language, name)
    for part in path:
        try:
            entry = entry[part]
        except (KeyError, TypeError):
            raise KeyError(key) from None
    return entry


def say(key: str | Message, /, **values: object) -> Sentence:
    """Word a key.

    Raises:
        KeyError: no such key, or the template names a value that is not given.
    """
    if isinstance(key, Message):
        return say(key.key, **key.values)
    entry = get_words(key)
    if isinstance(entry, Mapping):
        plural = cast("Mapping[str, str]", entry)
        entry = plural["one" if values.get("count") == 1 else "other"]
    return fill(str(entry), values)


def explain_error(error: BaseException) -> ErrorWords:
    """Word an error in three sentences; an unknown error is worded without its text, which may hold secrets."""
    key = error.key if isinstance(error, VitrineError) else "unexpected"
    values = error.values if isinstance(error, VitrineError) else {}
    try:
        entry = get_words(f"errors.{key}")
    except KeyError:  # a wordless error must not become a second one; a test finds every key without words
        entry = get_words("errors.unexpected")
    return ErrorWords(*(str(fill(str(entry[part]), values)) for part in ("what", "means", "do")))


def fill(template: str, values: Mapping[str, object]) -> Sentence:
    """Fill a template that was read with ``get_words``: tags become meanings, then values become text."""
    spans: list[Span] = []
    meaning: Meaning | None = None
    position = 0
    for tag in _TAG.finditer(template):
        _append(spans, template[position : tag.start()], meaning, values)
        meaning = None if tag[1] else cast("Meaning", tag[2])
        position = tag.end()
    _append(spans, template[position:], meaning, values)
    return Sentence(tuple(spans))


def _append(spans: list[Span], part: str, meaning: Meaning | None, values: Mapping[str, object]) -> None:
    if part:
        spans.append(Span(_FORMATTER.vformat(part, (), values), meaning))
