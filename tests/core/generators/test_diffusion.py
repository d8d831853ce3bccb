"""The digits generator that ships: pictures depend on label, seed, steps and guidance alone."""

import numpy as np
import pytest

from core.contracts import Generator
from core.errors import InputError, ModelFileError
from core.generators.diffusion import (
    MAX_GUIDANCE,
    MAX_PICTURES,
    MAX_STEPS,
    DiffusionGenerator,
    build_scheduler,
)
from core.hub import get_files
from core.registry import get_model
from core.requests import GenerateRequest
from core.results import DenoisingStep, GeneratedPictures
from core.specs import Message, Placement

ON_CPU = Placement("cpu", "float32", Message("devices.none"))
STEPS = 4
"""Few, so that the tests are quick; the rules hold for any number."""


@pytest.fixture(scope="module")
def model():
    spec = get_model("digits-diffusion")
    return DiffusionGenerator.load(spec, get_files(spec), ON_CPU)


def stream(model, **fields):
    return model.generate(GenerateRequest("digits-diffusion", **{"num_inference_steps": STEPS, **fields}))


def make(model, **fields):
    *_, last = stream(model, **fields)
    return last.pictures


def as_array(pictures):
    return np.array([made.picture.pixels for made in pictures])


def test_it_keeps_the_contract_and_names_ten_digits(model):
    assert isinstance(model, Generator)
    assert model.labels == tuple("0123456789")


def test_a_picture_is_the_same_alone_or_in_a_batch_within_a_ten_thousandth(model):
    together = as_array(make(model, label="3", num=8, seed=40))
    for i in (0, 3, 7):
        alone = as_array(make(model, label="3", seed=40 + i))
        assert np.abs(alone[0] - together[i]).max() < 1e-4
    assert np.abs(together[0] - together[1]).max() > 0.1


def test_the_same_request_gives_the_same_pictures_whatever_was_made_before(model):
    import torch

    first = make(model, label="5", num=2, seed=9)
    torch.manual_seed(123)
    make(model, num=3, seed=77)
    assert np.abs(as_array(make(model, label="5", num=2, seed=9)) - as_array(first)).max() < 1e-4


def test_another_label_starts_from_the_same_noise_and_ends_elsewhere(model):
    threes, eights = list(stream(model, label="3", seed=1)), list(stream(model, label="8", seed=1))
    assert threes[0] == eights[0]
    assert np.abs(as_array(threes[-1].pictures) - as_array(eights[-1].pictures)).max() > 0.1


def test_another_guidance_or_number_of_steps_gives_another_picture(model):
    usual = as_array(make(model, label="2", seed=5))
    for change in ({"guidance_scale": 1.0}, {"guidance_scale": 5.0}, {"num_inference_steps": STEPS + 2}):
        assert np.abs(as_array(make(model, label="2", seed=5, **change)) - usual).max() > 1e-3, change


def test_guidance_of_one_is_the_same_as_no_guidance_at_all(model):
    almost = as_array(make(model, label="2", seed=5, guidance_scale=1.0 + 1e-9))
    assert np.abs(as_array(make(model, label="2", seed=5, guidance_scale=1.0)) - almost).max() < 1e-4


def test_the_stream_goes_from_noise_over_every_step_to_the_finished_picture(model):
    *steps, last = stream(model, label="4", num=3)
    assert isinstance(last, GeneratedPictures)
    assert [step.step for step in steps] == list(range(STEPS + 1))
    for step in steps:
        assert isinstance(step, DenoisingStep)
        assert step.num_steps == STEPS
        assert [picture.shape for picture in step.pictures] == [(8, 8)] * 3
        assert np.array([p.pixels for p in step.pictures]).min() >= 0
        assert np.array([p.pixels for p in step.pictures]).max() <= 1
    assert steps[-1].pictures == tuple(made.picture for made in last.pictures)
    assert [made.seed for made in last.pictures] == [0, 1, 2]
    assert {made.label for made in last.pictures} == {"4"}


def test_asking_for_the_label_that_chance_picks_gives_the_same_picture(model):
    for made in make(model, num=3, seed=11):
        alone = as_array(make(model, label=made.label, seed=made.seed))
        assert np.abs(alone - as_array([made])).max() < 1e-4


def test_whoever_stops_iterating_stops_the_work(model):
    calls = []
    hook = model.module.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        steps = stream(model, label="1")
        next(steps)
        next(steps)
        steps.close()
    finally:
        hook.remove()
    assert len(calls) == 1


def test_the_callers_torch_settings_are_left_alone_between_steps(model):
    import torch

    steps = stream(model, label="1")
    next(steps)
    next(steps)
    assert not torch.is_inference_mode_enabled()
    steps.close()


def test_two_streams_at_once_do_not_disturb_each_other(model):
    first, second = stream(model, label="6", seed=2), stream(model, label="7", seed=3)
    *_, ends = zip(first, second, strict=True)
    for end, (label, seed) in zip(ends, [("6", 2), ("7", 3)], strict=True):
        assert np.abs(as_array(end.pictures) - as_array(make(model, label=label, seed=seed))).max() < 1e-4


def test_the_loop_agrees_with_a_plain_one_written_after_the_papers(model):
    """Ten lines with nothing of ours in them but config and weights; the peer that the benchmark uses."""
    import torch

    scheduler = build_scheduler(model.config)
    scheduler.set_timesteps(16)
    latents = torch.randn((1, 1, 8, 8), generator=torch.Generator().manual_seed(21))
    labels = torch.tensor([model.config["null_class"], 9])
    with torch.inference_mode():
        for t in scheduler.timesteps:
            without, with_label = model.module(torch.cat([latents] * 2), t, class_labels=labels).sample.chunk(
                2
            )
            latents = scheduler.step(without + 1.25 * (with_label - without), t, latents, return_dict=False)[
                0
            ]
    ours = as_array(make(model, label="9", seed=21, num_inference_steps=16, guidance_scale=1.25))
    assert np.abs(ours[0] - ((latents[0, 0] + 1) / 2).clamp(0, 1).numpy()).max() < 1e-3


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"label": "ten"}, "label-unknown"),
        ({"num": MAX_PICTURES + 1}, "num-out-of-range"),
        ({"seed": -1}, "seed-out-of-range"),
        ({"num_inference_steps": 0}, "steps-out-of-range"),
        ({"num_inference_steps": MAX_STEPS + 1}, "steps-out-of-range"),
        ({"guidance_scale": -0.5}, "guidance-out-of-range"),
        ({"guidance_scale": MAX_GUIDANCE + 1}, "guidance-out-of-range"),
        ({"guidance_scale": float("nan")}, "guidance-out-of-range"),
    ],
)
def test_a_request_out_of_range_is_refused_before_the_network_is_asked(model, fields, key):
    with pytest.raises(InputError) as raised:
        next(stream(model, **fields))
    assert raised.value.key == key


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_even_one_step_gives_a_picture(model, num_steps):
    assert np.isfinite(as_array(make(model, label="0", num_inference_steps=num_steps))).all()


def test_its_card_counts_what_is_there(model):
    assert model.spec.num_parameters == sum(p.numel() for p in model.module.parameters())
    assert model.spec.size_bytes == get_files(model.spec).total_bytes < 10_000_000


def test_weights_that_do_not_fit_are_refused(model):
    class Files:
        def read(self, name):
            data = get_files(model.spec).read(name)
            return data if name == "config.json" else data[:100]

    with pytest.raises(ModelFileError) as raised:
        DiffusionGenerator.load(model.spec, Files(), ON_CPU)
    assert raised.value.key == "model-file-broken"
