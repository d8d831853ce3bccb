"""A model's folder is whole or not there, and its card and lock tell the truth about it."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.hub import get_files
from core.registry import get_model, list_models
from core.specs import ModelSpec
from core.training.cards import Card, Metric, TrainingData, lock_files, write_atomically, write_model


def a_card(model_id="some-model", **fields):
    return Card(
        **{
            "model_id": model_id,
            "task": "image-classification",
            "dataset": "digits",
            "summary": "Says something.",
            "num_parameters": 3,
            "data": TrainingData("digits", "CC-BY-4.0", "somewhere", 5, "all to train"),
            "recipe": "some-recipe",
            "seed": 0,
            "metrics": [Metric("accuracy", 2 / 3, 0.1, None, 3, "test", "made up")],
            "limits": ["It knows nothing."],
            "built_with": ("numpy",),
            **fields,
        }
    )


def test_a_written_model_can_be_read_through_the_hub(tmp_path):
    folder = write_model(tmp_path, a_card(), {"config.json": b"{}", "weights": b"\x00" * 1000})
    files = get_files(ModelSpec("some-model", "image-classification", "digits", ""), folder=tmp_path)
    assert files.read("weights") == b"\x00" * 1000
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "config.json", "weights"]


@pytest.mark.parametrize("weight_bytes", [0, 10, 8700, 9100, 99_000])
def test_the_card_counts_all_files_and_itself(tmp_path, weight_bytes):
    folder = write_model(tmp_path, a_card(), {"weights": bytes(weight_bytes)})
    card = json.loads((folder / "card.json").read_bytes())
    assert card["size_bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert card["metrics"][0]["value"] == 0.666667
    assert card["metrics"][0]["high"] is None
    assert set(card["built_with"]) == {"numpy"}


def test_writing_again_replaces_every_file_and_leaves_other_models_alone(tmp_path):
    write_model(tmp_path, a_card("other-model"), {"weights": b"other"})
    write_model(tmp_path, a_card(), {"weights": b"old", "gone": b""})
    folder = write_model(tmp_path, a_card(summary="New."), {"weights": b"new"})
    lock = json.loads((tmp_path / "lock.json").read_bytes())
    assert set(lock) == {"some-model", "other-model"}
    assert set(lock["some-model"]) == {"card.json", "weights"} == {path.name for path in folder.iterdir()}
    assert lock["some-model"]["weights"] == hashlib.sha256(b"new").hexdigest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock.json", "other-model", "some-model"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # pyright: ignore[reportArgumentType]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_sixteen_trainings_that_end_at_once_lose_no_model_and_no_entry(tmp_path):
    start = threading.Barrier(16)

    def train(number):
        start.wait(20)
        for model_id in (f"model-{number}", "shared-model"):
            write_model(tmp_path, a_card(model_id), {"weights": bytes([number]) * 1000})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(train, range(16)))  # raises what any of them raised
    names = {f"model-{number}" for number in range(16)} | {"shared-model"}
    assert set(json.loads((tmp_path / "lock.json").read_bytes())) == names
    assert {path.name for path in tmp_path.iterdir()} == names | {"lock.json"}
    for name in names:
        spec = ModelSpec(name, "image-classification", "digits", "")
        assert len(get_files(spec, folder=tmp_path).read("weights")) == 1000


def test_two_writers_of_one_file_do_not_share_what_is_half_written(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([number]) * 100_000 for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda content: write_atomically(path, content), contents * 4))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def fail(*args, **kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("when", ["swap", "lock"])
def test_a_swap_that_fails_brings_the_old_model_back(tmp_path, monkeypatch, when):
    write_model(tmp_path, a_card(), {"weights": b"old"})
    rename = Path.rename
    with monkeypatch.context() as patch:
        if when == "swap":
            patch.setattr(Path, "rename", lambda path, to: (fail if path.name == "new" else rename)(path, to))
            patch.setattr("shutil.move", fail)
        else:
            patch.setattr("core.training.cards.write_atomically", fail)
        with pytest.raises(OSError, match="No space"):
            write_model(tmp_path, a_card(), {"weights": b"new"})
    files = get_files(ModelSpec("some-model", "image-classification", "digits", ""), folder=tmp_path)
    assert files.read("weights") == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock.json", "some-model"]


def test_locking_again_notices_a_changed_file(tmp_path):
    folder = write_model(tmp_path, a_card(), {"weights": b"old"})
    before = (tmp_path / "lock.json").read_bytes()
    lock_files(tmp_path, "some-model")
    assert (tmp_path / "lock.json").read_bytes() == before
    (folder / "weights").write_bytes(b"new")
    lock_files(tmp_path, "some-model")
    assert (tmp_path / "lock.json").read_bytes() != before


@pytest.mark.parametrize("spec", list_models(), ids=lambda spec: spec.model_id)
def test_every_bundled_card_is_complete_and_speaks_plainly(spec):
    card = spec.card
    assert (card["model_id"], card["task"], card["dataset"]) == (spec.model_id, spec.task, spec.dataset)
    assert card["license"] == "Apache-2.0"
    assert card["data"]["license"] == "CC-BY-4.0"
    assert card["metrics"]
    for metric in card["metrics"]:
        assert set(metric) == {"name", "value", "low", "high", "n", "split", "note"}
        assert metric["n"] > 0
        if metric["low"] is not None:
            assert metric["low"] <= metric["value"] <= metric["high"]
    assert len(card["limits"]) >= 3
    for sentence in card["limits"]:
        for part in sentence.rstrip(".").split(". "):
            assert len(part.split()) <= 20, part


@pytest.mark.parametrize("spec", list_models(), ids=lambda spec: spec.model_id)
def test_every_bundled_file_is_in_the_lock_and_small(spec):
    files = get_files(spec)
    assert len(files.read("card.json")) > 0
    assert spec.size_bytes == files.total_bytes < 10_000_000
    assert get_model(spec.model_id) is spec
