"""The wheel stands alone: installed into an empty folder, it predicts from another one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETOSA = "sepal length,sepal width,petal length,petal width\n5.1,3.5,1.4,0.2\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the locked backend, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("vitrine-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel, which is all that installing a pure wheel without dependencies does."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(installed: Path, cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # The unpacked wheel comes before the link to the checkout, and the checkout is not the working folder.
    environment = {**os.environ, "PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_wheel_carries_every_asset_under_a_name_of_its_own(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assets = {
        f"vitrine_assets/{path.relative_to(ROOT / 'assets')}"
        for path in (ROOT / "assets").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert assets - names == set()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "core",
        "app",
        "demos",
        "vitrine_assets",
    }


def test_the_wheel_carries_the_settings_of_streamlit(wheel: Path) -> None:
    assert "app/.streamlit/config.toml" in zipfile.ZipFile(wheel).namelist()


def test_the_installed_wheel_finds_its_assets(installed: Path, tmp_path: Path) -> None:
    code = "import core.assets; print(core.assets.get_assets_dir())"
    done = run_installed(installed, tmp_path, "-c", code)
    assert done.stdout.strip() == str(installed / "vitrine_assets"), done.stderr


def test_the_installed_wheel_predicts_from_another_folder(installed: Path, tmp_path: Path) -> None:
    file = tmp_path / "flower.csv"
    file.write_text(SETOSA)
    done = run_installed(
        installed, tmp_path, "-m", "app.cli", "predict", "iris-classifier", str(file), "--json"
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["model_id"] == "iris-classifier"
    assert sum(entry["prob"] for entry in answer["labels"]) == pytest.approx(1, abs=1e-6)
    best = max(answer["labels"], key=lambda entry: entry["prob"])
    assert best["label"] == "setosa"
