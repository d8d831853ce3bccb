"""The layout: names that break Streamlit, names that say nothing, and traces of a machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("core", "app", "demos", "tests", "tools", "docs", ".ci")
TEXTS = {".py", ".toml", ".md", ".yaml", ".yml", ".txt", ".json", ".lock", ".css", ""}


def list_files() -> list[Path]:
    """Return the repository's own text files."""
    top = [path for path in ROOT.iterdir() if path.is_file()]
    inside = [path for name in (*FOLDERS, "assets") for path in (ROOT / name).rglob("*") if path.is_file()]
    return [
        path
        for path in [*top, *inside]
        if path.suffix in TEXTS and "__pycache__" not in path.parts and path.name not in {".git", ".DS_Store"}
    ]


def test_nothing_in_app_hides_a_package_from_streamlit() -> None:
    # Streamlit puts app/ first on sys.path.
    names = {path.stem for path in (ROOT / "app").iterdir()}
    assert names & {"app", "core", "demos", "streamlit", "gradio"} == set()


def test_no_pages_folder_switches_on_the_old_pages_mode() -> None:
    assert not (ROOT / "app" / "pages").exists()


def test_streamlit_finds_its_settings_beside_the_script() -> None:
    assert (ROOT / "app" / "main.py").is_file()
    assert (ROOT / "app" / ".streamlit" / "config.toml").is_file()


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}
    assert [path for path in list_files() if path.name in empty] == []


def test_every_package_folder_is_a_package() -> None:
    lacking = {
        path.parent
        for package in ("core", "app", "demos")
        for path in (ROOT / package).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    }
    assert lacking == set()


def test_no_file_names_a_home_folder() -> None:
    home = re.compile(r"(?<![\w.])/(?:root|Users/\w+|home/(?!user\b)\w+)/")
    files = [path for path in list_files() if not path.is_relative_to(ROOT / "tests")]
    found = [path for path in files if home.search(path.read_text(encoding="utf-8", errors="ignore"))]
    assert found == []


def test_import_core_loads_nothing_slow() -> None:
    code = "import sys; import core; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for slow in ("torch", "numpy", "pandas", "streamlit", "gradio", "pydantic"):
        assert f"'{slow}'" not in done.stdout


@pytest.mark.parametrize(
    "module", ["torch", "transformers", "diffusers", "timm", "sklearn", "pandas", "shap"]
)
def test_ruff_refuses_a_slow_import_at_the_top_of_a_module(module: str) -> None:
    for folder in ("core", "app", "demos"):
        command = [
            str(Path(sys.executable).with_name("ruff")),
            "check",
            "--no-cache",
            "--select",
            "TID253",
            "-",
        ]
        done = subprocess.run(
            [*command, "--stdin-filename", f"{folder}/example.py"],
            input=f"import {module}\n",
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, folder
        assert "TID253" in done.stdout


def test_demos_ban_the_same_slow_imports_but_gradio() -> None:
    def read(path: Path, *keys: str) -> list[str]:
        table = tomllib.loads(path.read_text())
        for key in (*keys, "lint", "flake8-tidy-imports", "banned-module-level-imports"):
            table = table[key]
        return list(table)  # type: ignore[arg-type]

    everywhere = read(ROOT / "pyproject.toml", "tool", "ruff")
    assert read(ROOT / "demos" / "ruff.toml") == [name for name in everywhere if name != "gradio"]
