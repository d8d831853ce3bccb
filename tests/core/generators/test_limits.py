"""What no generator can answer is refused before anything is computed."""

import pytest

from core.errors import InputError
from core.generators.limits import MAX_SEED, check_request
from core.requests import GenerateRequest


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"label": "tulip"}, "label-unknown"),
        ({"label": ""}, "label-unknown"),
        ({"num": 0}, "num-out-of-range"),
        ({"num": -1}, "num-out-of-range"),
        ({"num": 9}, "num-out-of-range"),
        ({"seed": -1}, "seed-out-of-range"),
        ({"seed": MAX_SEED}, "seed-out-of-range"),
        ({"seed": 10**30}, "seed-out-of-range"),
    ],
)
def test_a_request_out_of_range_is_refused_with_its_own_key(fields, key):
    with pytest.raises(InputError) as raised:
        check_request(GenerateRequest("some-model", **fields), ["rose", "lily"], max_num=8)
    assert raised.value.key == key


@pytest.mark.parametrize("fields", [{}, {"label": "lily"}, {"num": 8}, {"seed": MAX_SEED - 1}])
def test_a_request_within_range_passes(fields):
    check_request(GenerateRequest("some-model", **fields), ["rose", "lily"], max_num=8)


def test_a_long_label_is_not_repeated_in_full():
    with pytest.raises(InputError) as raised:
        check_request(GenerateRequest("some-model", label="x" * 10_000), ["rose"], max_num=8)
    assert len(str(raised.value)) < 200
