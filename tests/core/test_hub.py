"""The files of a model: only what was published is handed out."""

import hashlib
import json
from pathlib import Path

import pytest

from core import hub
from core.errors import ModelFileError
from core.registry import list_models
from core.specs import ModelSpec
from core.wording import explain_error

SPEC = ModelSpec("toy", "image-classification", "digits", "nowhere:Nothing")
CONTENT = bytes(range(256)) * 4000  # about 1 MB: several chunks


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "weights").write_bytes(CONTENT)
    (folder / "config.json").write_bytes(b"{}")
    (folder / "stray").write_bytes(b"not in the lock")
    (tmp_path / "secret").write_bytes(b"secret")
    sha256 = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("weights", "config.json")
    }
    (tmp_path / "lock.json").write_text(json.dumps({"toy": sha256}))
    return tmp_path


def refused(models: Path, name: str) -> ModelFileError:
    with pytest.raises(ModelFileError) as error:
        hub.get_files(SPEC, folder=models).read(name)
    assert explain_error(error.value).what
    return error.value


def test_a_published_file_is_handed_out_whole(models: Path):
    assert hub.get_files(SPEC, folder=models).read("weights") == CONTENT


@pytest.mark.parametrize("position", [0, 500_000, len(CONTENT) - 1])
def test_one_flipped_bit_is_refused_wherever_it_is(models: Path, position: int):
    changed = bytearray(CONTENT)
    changed[position] ^= 1
    (models / "toy" / "weights").write_bytes(changed)
    error = refused(models, "weights")
    assert (error.key, error.values) == ("model-file-changed", {"model_id": "toy", "file": "weights"})


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x", b""])
def test_a_file_of_another_length_is_refused(models: Path, content: bytes):
    (models / "toy" / "weights").write_bytes(content)
    assert refused(models, "weights").key == "model-file-changed"


def test_a_missing_file_is_said(models: Path):
    (models / "toy" / "weights").unlink()
    assert refused(models, "weights").key == "model-file-missing"


def test_a_file_that_is_not_in_the_lock_is_not_opened(models: Path):
    assert refused(models, "stray").key == "model-file-unlisted"


def test_a_model_that_is_not_in_the_lock_has_no_files(models: Path):
    other = ModelSpec("other", "image-classification", "digits", "nowhere:Nothing")
    with pytest.raises(ModelFileError):
        hub.get_files(other, folder=models).read("weights")


@pytest.mark.parametrize(
    "name", ["../secret", "..", ".", "", "/etc/passwd", "..\\secret", "toy/../../secret", "a/b"]
)
def test_a_name_that_leads_elsewhere_is_refused(models: Path, name: str):
    assert refused(models, name).key == "model-file-unlisted"


@pytest.mark.parametrize("name", ["../secret", "..\\secret"])
def test_even_a_lock_cannot_lead_elsewhere(models: Path, name: str):
    lock = {"toy": {name: hashlib.sha256(b"secret").hexdigest()}}
    (models / "lock.json").write_text(json.dumps(lock))
    assert refused(models, name).key == "model-file-unlisted"


@pytest.mark.parametrize("content", [None, "", "{"])
def test_without_a_lock_nothing_is_opened(models: Path, content: str | None):
    (models / "lock.json").unlink()
    if content is not None:
        (models / "lock.json").write_text(content)
    with pytest.raises(ModelFileError) as error:
        hub.get_files(SPEC, folder=models)
    assert error.value.key == "model-lock-unreadable"


def test_progress_counts_the_bytes_that_were_really_read(models: Path):
    seen: list[tuple[int, int]] = []
    files = hub.get_files(SPEC, lambda done, total: seen.append((done, total)), folder=models)
    files.read("weights")
    assert len(seen) > 2
    files.read("config.json")
    done = [bytes_ for bytes_, _ in seen]
    assert done == sorted(done)
    assert done[-1] == len(CONTENT) + 2
    assert {total for _, total in seen} == {len(CONTENT) + 2}


def test_reading_twice_is_not_counted_twice(models: Path):
    seen: list[int] = []
    files = hub.get_files(SPEC, lambda done, _: seen.append(done), folder=models)
    files.read("weights")
    files.read("weights")
    assert seen[-1] == len(CONTENT)


@pytest.mark.parametrize("spec", list_models(), ids=lambda spec: spec.model_id)
def test_every_file_that_ships_is_the_published_one(spec: ModelSpec):
    files = hub.get_files(spec)
    names = hub.read_lock()[spec.model_id]
    assert names
    for name in names:
        assert files.read(name)
