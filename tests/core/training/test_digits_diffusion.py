"""The digits generator's recipe, from end to end with tiny settings."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.data.datasets import load_digits
from core.generators.diffusion import build_network
from core.hub import get_files
from core.registry import get_model
from core.training.digits_diffusion import DiffusionConfig, denoising_losses, train

TINY = DiffusionConfig(
    channels=(16, 16),
    batch_size=8,
    num_inference_steps=2,
    num_samples_per_label=2,
    fit=replace(DiffusionConfig().fit, num_steps=2, report_every=1, checkpoint_every_s=0),
)


def test_an_interrupted_recipe_goes_on_and_ends_with_the_same_model(tmp_path):
    whole = train(tmp_path / "whole", lambda progress: None, TINY)

    def interrupt(progress):
        if (progress.stage, progress.step) == ("train", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", interrupt, TINY)
    heard = []
    resumed = train(tmp_path / "cut", heard.append, TINY)
    assert [(p.stage, p.step) for p in heard][:2] == [("train", 2), ("evaluate", 1)]
    for name in ("card.json", "config.json", "model.safetensors"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name
    assert not any((tmp_path / "cut" / ".checkpoints").rglob("*.safetensors"))
    card = json.loads((resumed / "card.json").read_bytes())
    assert [m["name"] for m in card["metrics"]] == [
        "read_as_asked",
        "read_as_asked_second_judge",
        "nearest_training_distance_ratio",
        "close_to_training_share",
        "variance_ratio",
        "denoising_loss",
    ]
    assert card["metrics"][0]["n"] == 20  # two for each digit: none left out


def test_the_shipped_network_knows_noise_from_ink_and_one_digit_from_another():
    import torch
    from safetensors.torch import load

    files = get_files(get_model("digits-diffusion"))
    form = json.loads(files.read("config.json"))
    network = build_network(form).eval()
    network.load_state_dict(load(files.read("model.safetensors")))
    data = load_digits()
    X, y = torch.from_numpy(data.X[1198:1248].copy()), torch.from_numpy(data.y[1198:1248].copy())
    told_the_truth = denoising_losses(network, X, y, form)
    told_wrong = denoising_losses(network, X, (y + 1) % 10, form)
    assert told_the_truth.shape == (50,)
    assert (told_the_truth < told_wrong).double().mean() > 0.8
    assert np.isfinite(told_wrong.numpy()).all()


def test_the_shipped_card_was_measured_on_a_hundred_unselected_samples_of_each_digit():
    metrics = {m["name"]: m for m in get_model("digits-diffusion").card["metrics"]}
    assert metrics["read_as_asked"]["n"] == metrics["read_as_asked_second_judge"]["n"] == 1000
