"""Every word that the code asks for exists and is given all that its template names; and the words keep the style.

Read from the source, not from a run: an error's sentence must not be missing on the day it is needed.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.assets import get_assets_dir
from core.wording import get_words

REPO = Path(__file__).resolve().parents[3]
CONTENT = get_assets_dir() / "content" / "en"
FILES = sorted(path.relative_to(CONTENT).with_suffix("").as_posix() for path in CONTENT.rglob("*.yaml"))
SCREEN_FILES = [name for name in FILES if name != "cli"]
"""The command line is read by those who type commands; its help texts are not bound to 15 words."""
SOURCES = sorted([*REPO.glob("app/**/*.py"), *REPO.glob("core/explainers/*.py")])
MOST_WORDS = 15
FORBIDDEN = r"\b(inferences?|samples?|tensors?|class|classes|weights?|confidence)\b"
_ANY = r"[^.]+(?:\.[^.]+)*"


@cache
def list_entries() -> dict[str, Any]:
    """Return every entry, inner ones too, by its key."""

    def walk(key: str, entry: Any) -> Iterator[tuple[str, Any]]:
        yield key, entry
        pairs = (
            entry.items() if isinstance(entry, dict) else enumerate(entry) if isinstance(entry, list) else ()
        )
        for name, inner in pairs:
            yield from walk(f"{key}.{name}", inner)

    return dict(pair for name in FILES for pair in walk(name, get_words(name)))


def list_texts(names: list[str]) -> list[tuple[str, str]]:
    return [
        (key, text)
        for key, text in list_entries().items()
        if isinstance(text, str) and key.split(".")[0] in names
    ]


def list_placeholders(entry: Any) -> set[str]:
    if isinstance(entry, dict):
        return set().union({"count"}, *(list_placeholders(text) for text in entry.values()))
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(str(entry)) if name}


@dataclass(frozen=True)
class Use:
    """One place in the source that says something."""

    place: str
    how: str
    pattern: str
    is_exact: bool
    values: frozenset[str] | None
    """None where they are handed on with ``**``."""


def _to_pattern(node: ast.expr, constants: dict[str, str]) -> tuple[str, bool] | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value), True
    if isinstance(node, ast.JoinedStr):
        parts, is_exact = "", True
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts += re.escape(str(part.value))
            elif (
                isinstance(part, ast.FormattedValue)
                and isinstance(part.value, ast.Name)
                and part.value.id in constants
            ):
                parts += re.escape(constants[part.value.id])
            else:
                parts, is_exact = parts + _ANY, False
        return parts, is_exact
    if isinstance(node, ast.IfExp):
        return None
    return (
        (re.escape(constants[node.id]), True) if isinstance(node, ast.Name) and node.id in constants else None
    )


def _list_uses(path: Path) -> Iterator[Use]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id: node.value.value
        for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }  # fmt: skip
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        how = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        place = f"{path.relative_to(REPO)}:{call.lineno}"
        given = (
            None
            if any(word.arg is None for word in call.keywords)
            else frozenset(str(word.arg) for word in call.keywords)
        )
        keys: list[ast.expr] = []
        if how in {"say", "word", "get_words", "sections", "ask_quiz", "say_nothing_yet"}:
            keys = call.args[:1]
        elif how == "verb":
            keys, given = call.args[1:], frozenset()
        elif how == "Message":
            keys = call.args[:1]
            values = call.args[1] if len(call.args) > 1 else None
            given = frozenset() if values is None else None
            if isinstance(values, ast.Dict) and all(isinstance(key, ast.Constant) for key in values.keys):
                given = frozenset(str(key.value) for key in values.keys if isinstance(key, ast.Constant))
        for key in keys:
            found = _to_pattern(key, constants)
            if found and ("." in found[0]):
                yield Use(place, how, *found, given)


USES = [use for path in SOURCES for use in _list_uses(path)]


def test_the_source_is_read():
    assert len(USES) > 80


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.place}-{use.how}")
def test_every_word_that_is_asked_for_exists_and_gets_what_it_names(use: Use):
    matched = {key: entry for key, entry in list_entries().items() if re.fullmatch(use.pattern, key)}
    assert matched, f"{use.place}: no words under {use.pattern}"
    if use.values is None or use.how in {"get_words", "ask_quiz"}:
        return
    missing: dict[str, set[str]] = {}
    for key, entry in matched.items():
        if use.how == "sections":
            texts: list[Any] = [part["text"] for part in entry] if isinstance(entry, list) else []
            missing[key] = set().union(*(list_placeholders(text) for text in texts)) - use.values
        elif isinstance(entry, str) or (isinstance(entry, dict) and set(entry) <= {"one", "other"}):
            missing[key] = list_placeholders(entry) - use.values
    if use.is_exact:
        assert not any(missing.values()), f"{use.place}: {missing}"
    else:  # which one is meant is decided while it runs: at least one must fit
        assert not all(missing.values()), f"{use.place}: {missing}"


def _list_errors() -> list[tuple[str, str, frozenset[str] | None]]:
    found: list[tuple[str, str, frozenset[str] | None]] = []
    for path in sorted([*REPO.glob("app/**/*.py"), *REPO.glob("core/**/*.py"), *REPO.glob("demos/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id.endswith("Error")
            ):
                continue
            if (
                node.args
                and isinstance(node.args[0], ast.Constant)
                and re.fullmatch(r"[a-z]+(-[a-z]+)+", str(node.args[0].value))
            ):
                values = frozenset(str(word.arg) for word in node.keywords)
                is_open = any(word.arg is None for word in node.keywords)
                found.append(
                    (
                        f"{path.relative_to(REPO)}:{node.lineno}",
                        str(node.args[0].value),
                        None if is_open else values,
                    )
                )
    return found


@pytest.mark.parametrize(
    ("place", "key", "values"), _list_errors(), ids=lambda part: part if isinstance(part, str) else ""
)
def test_every_error_has_its_three_sentences(place: str, key: str, values: frozenset[str] | None):
    entry = get_words("errors").get(key)
    assert entry is not None, f"{place} raises {key}, for which errors.yaml has no words"
    assert set(entry) >= {"what", "means", "do"}
    if values is not None:
        needed = set().union(*(list_placeholders(entry[part]) for part in ("what", "means", "do")))
        assert needed <= values, f"{place} does not give {needed - values}"


def list_sentences(text: str) -> list[list[str]]:
    """Split into what is read in one breath: up to a full stop, question mark, colon or semicolon.

    A number with its unit, whatever fills a template, and a word with a hyphen count as one word.
    """
    plain = re.sub(r"</?[pgevb]>", "", text)
    plain = re.sub(r"\{[^}]*\}( (cm|MB|GB|%))?", "N", plain)
    parts = re.split(r"(?<=[.?!:;])[)”\"']*(?:\s+|$)", plain)
    return [[word for word in part.split() if re.search(r"\w", word)] for part in parts]


def test_words_are_counted_fairly():
    assert [
        len(words)
        for words in list_sentences("It is <b>{a:pct} sure</b>: a {b} – no, 94 % well-known. {c} GB.")
    ][:3] == [4, 5, 1]


@pytest.mark.parametrize(
    ("key", "text"), list_texts(SCREEN_FILES), ids=lambda part: part[:60] if "." in part else ""
)
def test_the_style_of_every_text(key: str, text: str):
    longest = max(list_sentences(text), key=len)
    assert len(longest) <= MOST_WORDS, f"{len(longest)} words: {' '.join(longest)}"
    assert "!" not in text
    assert not re.search(FORBIDDEN, re.sub(r"\{[^}]*\}", "", text), re.IGNORECASE)


def test_every_quiz_has_words_to_choose_from():
    quizzes = {
        key: entry
        for key, entry in list_entries().items()
        if key.endswith(".quiz") and isinstance(entry, dict) and "options" in entry
    }
    assert len(quizzes) >= 3
    for key, quiz in quizzes.items():
        assert all(isinstance(option, str) for option in quiz["options"]), (
            f"{key}: YAML reads a bare Yes or No as true or false"
        )
        assert 2 <= len(quiz["options"]) <= 4, key
        assert 0 <= quiz["right"] < len(quiz["options"]), key
        assert quiz["question"].endswith("?"), key
