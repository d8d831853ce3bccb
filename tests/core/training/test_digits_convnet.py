"""The digits network's recipe, from end to end with tiny settings."""

import json
from dataclasses import replace

import pytest

from core.hub import get_files
from core.predictors.image import ImageClassifier
from core.requests import Picture
from core.specs import Message, ModelSpec, Placement
from core.training.digits_convnet import ConvnetConfig, calibration_error, fit_temperature, train

TINY = ConvnetConfig(
    channels=(8, 8, 8, 8),
    batch_size=8,
    num_folds=2,
    fit=replace(ConvnetConfig().fit, num_steps=3, report_every=1, checkpoint_every_s=0),
)


def ignore(progress):
    pass


def test_an_interrupted_recipe_goes_on_and_ends_with_the_same_model(tmp_path):
    whole = train(tmp_path / "whole", ignore, TINY)
    reports = 0

    def interrupt(progress):
        nonlocal reports
        reports += 1
        if reports == 5:  # in the middle of the second fold
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", interrupt, TINY)
    assert not (tmp_path / "cut" / "digits-convnet").exists()
    heard = []
    resumed = train(tmp_path / "cut", heard.append, TINY)
    assert [(p.stage, p.step) for p in heard] == [
        ("validate", 3),  # the rest of the second fold; the first is not trained again
        ("validate", 2),  # the figures of both folds
        ("train", 1),
        ("train", 2),
        ("train", 3),
        ("evaluate", 1),
    ]
    assert {path.name for path in resumed.iterdir()} == {"card.json", "config.json", "model.safetensors"}
    for name in ("card.json", "config.json", "model.safetensors"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name
    assert not any((tmp_path / "cut" / ".checkpoints").rglob("*.safetensors"))

    # what was written can be opened, asked, and says what its card says
    spec = ModelSpec("digits-convnet", "image-classification", "digits", "")
    files = get_files(spec, folder=tmp_path / "cut")
    model = ImageClassifier.load(spec, files, Placement("cpu", "float32", Message("devices.none")))
    (answer,) = model.predict_batch([Picture(((0.5,) * 8,) * 8)])
    assert len(answer.labels) == 10
    card = json.loads(files.read("card.json"))
    assert card["num_parameters"] == sum(p.numel() for p in model.module.parameters())
    assert [m["n"] for m in card["metrics"]] == [599, 599, 599, 1198, 1198, 1198]


def test_the_temperature_undoes_an_exaggeration():
    import torch

    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 5, generator=generator).double()
    y = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator)[:, 0]
    assert fit_temperature(logits * 2, y) == pytest.approx(2, abs=0.15)
    assert fit_temperature(logits / 2, y) == pytest.approx(0.5, abs=0.05)


def test_the_calibration_error_is_the_gap_between_sure_and_right():
    import torch

    sure = torch.tensor([[0.75, 0.25]] * 100, dtype=torch.float64)
    right = torch.tensor([0] * 75 + [1] * 25)
    assert calibration_error(sure, right) == pytest.approx(0)
    assert calibration_error(sure, torch.zeros(100, dtype=torch.long)) == pytest.approx(0.25)
