"""What can be asked: hashable, and with a fingerprint of everything that the answer depends on."""

import subprocess
import sys

import pytest

from core.requests import ExplainRequest, GenerateRequest, Picture, PredictRequest, TableRow, fingerprint

PICTURE = Picture(((0.0, 1.0, 0.5), (0.1, 0.2, 0.3)))
DIFFERENT = [
    PredictRequest("m", PICTURE),
    PredictRequest("n", PICTURE),
    PredictRequest("m", Picture(((0.0, 1.0, 0.5), (0.1, 0.2, 0.30001)))),
    PredictRequest("m", TableRow((("a", 1.0),))),
    PredictRequest("m", TableRow((("b", 1.0),))),
    ExplainRequest("m", PICTURE, "occlusion"),
    ExplainRequest("m", PICTURE, "occlusion", "3"),
    GenerateRequest("m"),
    GenerateRequest("m", seed=1),
    GenerateRequest("m", num=2),
    GenerateRequest("m", "3"),
    GenerateRequest("m", num_inference_steps=5),
    GenerateRequest("m", guidance_scale=2.0),
]


def test_different_requests_have_different_fingerprints():
    assert len({fingerprint(request) for request in DIFFERENT}) == len(DIFFERENT)
    assert len(set(DIFFERENT)) == len(DIFFERENT)


def test_a_fingerprint_is_the_same_in_another_process():
    code = "from core.requests import *; print(fingerprint(GenerateRequest('m', '3', 2, 7, 20, 2.0)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == fingerprint(GenerateRequest("m", "3", 2, 7, 20, 2.0))


@pytest.mark.parametrize("request_", DIFFERENT)
def test_a_request_cannot_be_changed(request_):
    with pytest.raises(AttributeError):
        request_.model_id = "other"


def test_a_picture_knows_its_shape():
    assert PICTURE.shape == (2, 3)
    assert Picture(()).shape == (0, 0)
