"""The docs tell the truth: what they name exists, and what comes from the code is current."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
TOP_FOLDERS = {"core", "app", "demos", "assets", "tests", "docs", "tools", ".ci"}
SETTINGS = {f"VITRINE_{name.upper()}" for name in Settings.model_fields}


def load_write_docs():  # the tools are scripts, not a package
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WRITE_DOCS = load_write_docs()


def find_code(text: str) -> list[str]:
    """Return what stands in backticks and in fenced blocks."""
    fenced = re.findall(r"(?ms)^```.*?\n(.*?)^```", text)
    return [*fenced, *re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text))]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", page.read_text())
    targets = [first or second for first, second in links]
    local = [target.split("#")[0] for target in targets if not re.match(r"\w+:|#", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_path_that_is_named_exists(page: Path) -> None:
    named = {
        word.rstrip(".,:;")
        for span in find_code(page.read_text())
        for word in re.split(r"[\s=]+", span)
        if "/" in word and word.split("/")[0] in TOP_FOLDERS and not re.search(r"[<>{}$]|\.\.\.", word)
    }
    assert sorted(name for name in named if not any(ROOT.glob(name.rstrip("/")))) == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_make_verb_that_is_named_exists(page: Path) -> None:
    verbs = set(re.findall(r"(?m)^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text()))
    named = {
        verb for span in find_code(page.read_text()) for verb in re.findall(r"(?:^|\s)make ([a-z-]+)", span)
    }
    assert named - verbs == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    assert set(re.findall(r"VITRINE_[A-Z_]*[A-Z]", page.read_text())) - SETTINGS == set()


def test_every_setting_is_documented() -> None:
    assert (
        SETTINGS - set(re.findall(r"VITRINE_[A-Z_]+", (ROOT / "docs" / "settings.md").read_text())) == set()
    )


@pytest.mark.parametrize("name", WRITE_DOCS.PAGES)
def test_a_page_that_comes_from_the_code_is_current(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == WRITE_DOCS.PAGES[name](), "run: make docs"


def test_every_make_verb_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"(?m)^\.PHONY:(.*)$", makefile)[1].split())  # type: ignore[index]
    assert set(re.findall(r"(?m)^([a-z][a-z-]*):[^#\n]*## \S", makefile)) == phony
