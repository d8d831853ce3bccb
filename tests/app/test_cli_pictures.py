"""Pictures through the command line: predict, generate, explain with the shipped models."""

import json
from pathlib import Path

import pytest
from PIL import Image

from app import cli
from app.commands.generate import PNG_SIDE
from app.commands.views import get_classification
from app.examples import get_example_digits
from core.engine import get_engine
from core.requests import GenerateRequest, PredictRequest
from core.results import GeneratedPictures


def run_json(capsys, *args: str):
    code = cli.main([*args, "--json"])
    out = capsys.readouterr().out
    assert code == 0, out
    return json.loads(out)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two sevens, made once."""
    folder = tmp_path_factory.mktemp("made")
    assert (
        cli.main(
            [
                "generate",
                "digits-diffusion",
                "--label",
                "7",
                "--num",
                "2",
                "--seed",
                "4",
                "--out",
                str(folder),
            ]
        )
        == 0
    )
    return sorted(folder.iterdir())


def test_pictures_are_written_as_png_named_by_how_they_were_made(made):
    assert [path.name for path in made] == ["digits-diffusion-7-seed4.png", "digits-diffusion-7-seed5.png"]
    with Image.open(made[0]) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (PNG_SIDE, PNG_SIDE))


def test_generate_names_the_files_in_the_agreed_form(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = run_json(capsys, "generate", "digits-diffusion", "--label", "7", "--seed", "4")
    assert {"model_id", "seed", "items"} <= set(answer)
    assert (answer["model_id"], answer["seed"]) == ("digits-diffusion", 4)
    (item,) = answer["items"]
    assert Path(item["path"]) == Path("digits-diffusion-7-seed4.png")
    assert (tmp_path / item["path"]).is_file()  # without --out: where one is


def test_the_same_seed_writes_the_same_file_and_another_seed_another(made, capsys, tmp_path):
    run_json(capsys, "generate", "digits-diffusion", "--label", "7", "--seed", "4", "--out", str(tmp_path))
    (again,) = tmp_path.iterdir()
    assert again.read_bytes() == made[0].read_bytes()
    assert made[0].read_bytes() != made[1].read_bytes()


def test_predict_reads_a_made_picture_back_as_it_was(made, capsys):
    request = GenerateRequest("digits-diffusion", label="7", num=2, seed=4)
    result = get_engine().run(request).result
    assert isinstance(result, GeneratedPictures)
    expected = get_classification(
        get_engine().run(PredictRequest("digits-convnet", result.pictures[0].picture))
    )
    answer = run_json(capsys, "predict", "digits-convnet", str(made[0]))
    assert set(answer) == {"model_id", "task", "labels", "elapsed_ms", "device", "dtype", "reason"}
    assert answer["task"] == "image-classification"
    for row in answer["labels"]:
        assert row["prob"] == pytest.approx(expected.prob_of(row["label"]), abs=0.02)  # a PNG has 256 greys


def test_predict_tells_the_ten_example_digits_apart(capsys, tmp_path):
    from app.commands.generate import _write_png

    read = []
    for example in get_example_digits():
        path = _write_png(tmp_path / f"{example.label}.png", example.picture)
        read.append(run_json(capsys, "predict", "digits-convnet", str(path))["labels"][0]["label"])
    assert sum(label == example.label for label, example in zip(read, get_example_digits(), strict=True)) >= 8


def test_explain_is_in_the_documented_form_and_agrees_with_predict(made, capsys):
    answer = run_json(capsys, "explain", "digits-convnet", str(made[0]), "--method", "occlusion")
    predicted = run_json(capsys, "predict", "digits-convnet", str(made[0]))
    assert {"model_id", "task", "method", "label", "prob", "labels", "patch_size", "scores"} <= set(answer)
    assert {"num_model_calls", "faithfulness", "elapsed_ms", "device", "dtype", "reason"} <= set(answer)
    probs = {row["label"]: row["prob"] for row in predicted["labels"]}
    assert {row["label"]: row["prob"] for row in answer["labels"]} == pytest.approx(probs, abs=1e-4)
    assert answer["label"] == predicted["labels"][0]["label"]
    assert answer["method"] == "occlusion"


def test_explain_of_another_label_explains_that_label(made, capsys):
    answer = run_json(capsys, "explain", "digits-convnet", str(made[0]), "--label", "1")
    assert answer["label"] == "1"
    assert answer["prob"] == next(row["prob"] for row in answer["labels"] if row["label"] == "1")


def test_explain_says_for_people_what_hiding_the_strongest_square_does(made, capsys):
    answer = run_json(capsys, "explain", "digits-convnet", str(made[0]))
    assert cli.main(["explain", "digits-convnet", str(made[0])]) == 0
    out = capsys.readouterr().out
    cells = {(r, c): score for r, row in enumerate(answer["scores"]) for c, score in enumerate(row)}
    row, column = max(cells, key=cells.__getitem__)
    assert f"row {row + 1}, column {column + 1}" in out
    is_better = answer["faithfulness"]["is_better_than_random"]
    assert ("Do not trust this map" in out) != is_better


def test_an_unknown_label_cannot_be_explained(made, capsys):
    code = cli.main(["explain", "digits-convnet", str(made[0]), "--label", "eleven", "--json"])
    assert code == 2
    assert json.loads(capsys.readouterr().out)["error"]["key"] == "label-unknown"


def test_a_folder_that_cannot_be_written_to_ends_with_1(capsys, tmp_path):
    (tmp_path / "taken").write_text("a file")
    code = cli.main(
        ["generate", "digits-diffusion", "--label", "7", "--out", str(tmp_path / "taken"), "--json"]
    )
    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["key"]) == (1, "cli-folder-unwritable")
