"""A training that is cut off and goes on ends with the very weights of one that is not."""

from dataclasses import replace

import pytest

from core.training.loop import FitConfig, fit, rate_share

CONFIG = FitConfig(
    num_steps=12,
    learning_rate=0.01,
    weight_decay=0.01,
    ema_decay=0.9,
    warmup_steps=3,
    checkpoint_every_s=0,  # after every step
    report_every=1,
)


def build():
    """A network with everything that has a state: weights, batch statistics, dropout."""
    from torch import nn

    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))


def draw_loss(network, generator):
    import torch

    X = torch.randn(16, 3, generator=generator)
    return (network(X) - X.sum(dim=1, keepdim=True)).square().mean()


def ignore(step, loss):
    pass


def same_weights(one, other):
    import torch

    return all(
        torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("stop_after", [1, 5, 11])
def test_an_interrupted_run_ends_with_the_very_same_weights(tmp_path, stop_after):
    whole = fit(build, draw_loss, CONFIG, tmp_path / "whole", ignore)

    def interrupt(step, loss):
        if step == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(build, draw_loss, CONFIG, tmp_path / "cut", interrupt)
    steps = []
    resumed = fit(build, draw_loss, CONFIG, tmp_path / "cut", lambda step, loss: steps.append(step))
    assert steps == list(range(stop_after + 1, 13))
    assert same_weights(whole, resumed)


def test_a_finished_run_is_not_trained_again(tmp_path):
    whole = fit(build, draw_loss, CONFIG, tmp_path / "whole", ignore)

    def fail(*_):
        raise AssertionError

    assert same_weights(whole, fit(build, fail, CONFIG, tmp_path / "whole", fail))


def test_a_checkpoint_of_another_recipe_is_not_gone_on_from(tmp_path):
    fit(build, draw_loss, CONFIG, tmp_path / "file", ignore)
    steps = []
    other = replace(CONFIG, learning_rate=0.02)
    fit(build, draw_loss, other, tmp_path / "file", lambda step, loss: steps.append(step))
    assert steps[0] == 1


def test_the_seed_decides_the_weights(tmp_path):
    one = fit(build, draw_loss, CONFIG, tmp_path / "one", ignore)
    other = fit(build, draw_loss, replace(CONFIG, seed=1), tmp_path / "other", ignore)
    assert not same_weights(one, other)


def test_training_lowers_the_loss_and_says_so_truly(tmp_path):
    heard = []
    config = replace(CONFIG, num_steps=120, report_every=50, checkpoint_every_s=600)
    fit(build, draw_loss, config, tmp_path / "file", lambda step, loss: heard.append((step, loss)))
    assert [step for step, _ in heard] == [50, 100, 120]
    assert heard[-1][1] < heard[0][1]


def test_training_leaves_torchs_threads_and_random_numbers_as_they_were(tmp_path):
    import torch

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    fit(build, draw_loss, CONFIG, tmp_path / "file", ignore)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_the_learning_rate_warms_up_and_then_falls_to_its_last_share():
    shares = [rate_share(step, replace(CONFIG, num_steps=100, warmup_steps=10)) for step in range(100)]
    assert shares[0] == pytest.approx(0.1, abs=0.01)
    assert max(shares) == pytest.approx(1, abs=0.03)
    assert shares.index(max(shares)) in range(8, 12)
    assert shares[-1] == pytest.approx(0.05, abs=0.01)
