"""Bent digits are digits still."""

import pytest

from core.data.datasets import load_digits
from core.training.digit_warping import WarpConfig, to_pictures, to_scans, warp_scans


@pytest.fixture(scope="module")
def digits():
    import torch

    return torch.from_numpy(load_digits().X[:200].copy())


def random(seed=0):
    import torch

    return torch.Generator().manual_seed(seed)


def test_a_scan_has_exactly_the_dots_that_were_counted(digits):
    import torch

    scans = to_scans(digits)
    assert scans.shape == (200, 1, 32, 32)
    assert set(scans.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(to_pictures(scans), digits)


def test_without_warp_a_digit_stays_what_it_is(digits):
    import torch

    scans = to_scans(digits)
    assert torch.equal(warp_scans(scans, WarpConfig(probability=0), random()), scans)


def test_warped_digits_differ_but_keep_about_as_much_ink(digits):
    scans = to_scans(digits)
    warped = warp_scans(scans, WarpConfig(probability=1), random())
    assert warped.shape == scans.shape
    assert set(warped.unique().tolist()) == {0.0, 1.0}
    assert (warped != scans).float().mean() > 0.05
    assert 0.7 < warped.sum() / scans.sum() < 1.4
    assert (warped.sum(dim=(1, 2, 3)) >= 0.4 * scans.sum(dim=(1, 2, 3))).all()


def test_a_renormalised_digit_fills_the_height_again(digits):
    config = WarpConfig(probability=1, thickness=0, renormalise=1, scale=0.3)
    rows = to_pictures(warp_scans(to_scans(digits), config, random())).amax(dim=2)
    assert (rows[:, 0] > 0).float().mean() > 0.9
    assert (rows[:, -1] > 0).float().mean() > 0.9


def test_the_seed_decides_the_warp(digits):
    import torch

    scans = to_scans(digits[:20])
    one = warp_scans(scans, WarpConfig(), random(1))
    assert torch.equal(one, warp_scans(scans, WarpConfig(), random(1)))
    assert not torch.equal(one, warp_scans(scans, WarpConfig(), random(2)))
