"""What exists: listed without any framework, and each entry is what it says."""

import subprocess
import sys

import pytest

from core import registry
from core.errors import NotFoundError

FRAMEWORKS = (
    "torch",
    "sklearn",
    "pandas",
    "scipy",
    "timm",
    "diffusers",
    "transformers",
    "skops",
    "streamlit",
    "gradio",
)


def imported_by(code: str) -> set[str]:
    """Run code in a fresh process and return which frameworks it imported."""
    ask = f"{code}\nimport sys\nprint(*[name for name in {FRAMEWORKS} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import core",
        "from core import registry; assert registry.list_models() and registry.list_datasets()",
        "from core.engine import get_engine; assert get_engine().status().models",
        "import core.engine.recordings",
        "import core.explainers.occlusion, core.explainers.sentence",
        "from core.wording import say; say('devices.none')",
    ],
)
def test_looking_around_imports_no_framework(code: str):
    assert imported_by(code) == set()


def test_the_question_above_can_be_answered_with_yes():
    assert imported_by("import scipy") == {"scipy"}


def test_importing_core_imports_nothing_of_it():
    code = "import core, sys; print(*[name for name in sys.modules if name.startswith('core.')])"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == ""


def test_every_id_is_used_once_and_in_kebab_case():
    for ids in (
        [spec.model_id for spec in registry.list_models()],
        [spec.dataset_id for spec in registry.list_datasets()],
        [spec.method for spec in registry.list_explainers()],
    ):
        assert len(ids) == len(set(ids))
        assert all(name.replace("-", "").isalnum() and name == name.lower() for name in ids)


def test_every_model_was_trained_on_a_data_set_that_exists():
    for spec in registry.list_models():
        assert registry.get_dataset(spec.dataset).dataset_id == spec.dataset


def test_the_generator_of_a_table_is_named_after_it():
    for spec in registry.list_models():
        if spec.task == "tabular-generation":
            assert spec.model_id == f"{spec.dataset}-generator"


@pytest.mark.parametrize(
    ("get", "key"),
    [
        (registry.get_model, "model-unknown"),
        (registry.get_dataset, "dataset-unknown"),
        (registry.get_explainer, "method-unknown"),
    ],
)
def test_an_unknown_name_is_refused_and_not_repeated_in_full(get, key: str):
    with pytest.raises(NotFoundError) as refused:
        get("x" * 10_000)
    assert refused.value.key == key
    assert all(len(str(value)) <= 80 for value in refused.value.values.values())


def test_explainers_are_listed_by_task():
    assert [spec.method for spec in registry.list_explainers("image-classification")] == ["occlusion"]
    assert registry.list_explainers("class-to-image") == ()
