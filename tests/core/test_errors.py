"""Every error that the code raises has words, and its words get their values."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from core import errors
from core.assets import get_assets_dir
from core.errors import CancelledError, EngineBusyError, InputError, StartError, VitrineError
from core.wording import explain_error

ROOT = Path(__file__).parents[2]
WORDS: dict[str, dict[str, str]] = yaml.safe_load(
    (get_assets_dir() / "content/en/errors.yaml").read_text("utf-8")
)
ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, VitrineError)
}
DEFAULT_KEYS = {"EngineBusyError": "engine-busy", "CancelledError": "cancelled"}


def placeholders(entry: dict[str, str]) -> set[str]:
    return {
        name.split(".")[0]
        for part in entry.values()
        for _, name, _, _ in string.Formatter().parse(part)
        if name
    }


def raised() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield (place, key, names of the values or None if they are not written out) of every error."""
    for package in ("core", "app", "demos"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name not in ERRORS:
                    continue
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                if not node.args:
                    if name in DEFAULT_KEYS:
                        yield place, DEFAULT_KEYS[name], {keyword.arg or "" for keyword in node.keywords}
                    continue
                keys = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
                names = {keyword.arg for keyword in node.keywords}
                for key in keys if isinstance(node.args[0], ast.Constant | ast.IfExp) else []:
                    if isinstance(key, str):
                        yield place, key, None if None in names else {name for name in names if name}


RAISED = list(raised())


def test_the_search_finds_the_errors_of_this_project():
    keys = {key for _, key, _ in RAISED}
    assert {"model-unknown", "model-file-changed", "model-in-use", "engine-busy", "setting-wrong"} <= keys


@pytest.mark.parametrize(
    ("place", "key", "names"), RAISED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_error_has_words_that_get_their_values(place: str, key: str, names: set[str] | None):
    assert key in WORDS, f"{place} raises {key!r}, which errors.yaml does not word"
    if names is not None:
        missing = placeholders(WORDS[key]) - names
        assert not missing, f"{place}: the words of {key!r} need {missing}"


@pytest.mark.parametrize("key", WORDS)
def test_every_entry_says_what_happened_what_it_means_and_what_to_do_in_few_words(key: str):
    entry = WORDS[key]
    assert list(entry) == ["what", "means", "do"]
    for sentence in entry.values():
        assert len(sentence.split()) <= 15, sentence
        assert "!" not in sentence
        assert "Oops" not in sentence


def test_no_key_is_worded_twice():
    lines = (get_assets_dir() / "content/en/errors.yaml").read_text("utf-8").splitlines()
    keys = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(keys) == len(set(keys)), {key for key in keys if keys.count(key) > 1}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    drawn = {line.split("──")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "──" in line}
    assert drawn | {"VitrineError"} == set(ERRORS)


def test_an_error_shows_its_key_and_values_to_a_developer():
    assert str(InputError("picture-empty", height=8)) == "picture-empty (height=8)"
    assert str(CancelledError()) == "cancelled"


def test_a_busy_engine_says_when_to_come_back_in_words():
    error = EngineBusyError(retry_after_s=3.2)
    assert error.retry_after_s == 3.2
    assert "3 seconds" in explain_error(error).advice


def test_an_error_is_told_apart_by_its_class():
    assert issubclass(EngineBusyError, errors.EngineError)
    assert not issubclass(StartError, errors.EngineError)


def test_an_unknown_error_is_worded_without_its_text():
    words = explain_error(RuntimeError("password=hunter2"))
    assert "hunter2" not in str(words)
    assert words.what == "Something went wrong on our side."


def test_an_error_that_is_raised_again_is_another_object_that_says_the_same():
    busy = EngineBusyError(retry_after_s=3.0)
    again = busy.again()
    assert again is not busy
    assert type(again) is EngineBusyError
    assert (again.key, again.values, again.retry_after_s) == ("engine-busy", {"retry_after_s": 3.0}, 3.0)
    assert again.__traceback__ is None
