"""Hostile and clumsy INPUT: every one ends with 2 and a sentence, and nothing is computed."""

import io
import json
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import cli
from core.engine import use_engine
from tests.fakes import FakeCatalog, build_engine

FLOWER = "6.1, 2.9, 4.9, 1.7"


@pytest.fixture
def catalog():
    catalog = FakeCatalog()
    with use_engine(build_engine(catalog)):
        yield catalog


def refuse(capsys, model: str, given: str, command: str = "predict") -> str:
    """Ask, expect a refusal in words, and return its key."""
    code = cli.main([command, model, given, "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert code == 2, error
    assert all(error[part] for part in ("what", "means", "do"))
    assert max(len(error[part]) for part in ("what", "means", "do")) < 200
    return error["key"]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("", "cli-row-empty"),
        ("   ", "cli-row-empty"),
        ("no such file", "cli-row-not-numbers"),
        ("no-such-file.csv", "cli-file-missing"),
        ("no/such/file", "cli-file-missing"),
        ("\x00", "cli-row-not-numbers"),
        ("a" * 5000, "cli-row-not-numbers"),
        ("1, 2, 3", "cli-columns-wrong"),
        ("1, 2, 3, 4, 5", "cli-columns-wrong"),
        ("1", "cli-columns-wrong"),
        ("1, 2, three, 4", "cli-not-a-number"),
        ("1, 2, , 4", "cli-not-a-number"),
        ("1, 2, nan, 4", "cli-not-a-number"),
        ("1, inf, 3, 4", "cli-not-a-number"),
        ("1, -inf, 3, 4", "cli-not-a-number"),
        ("1e999, 2, 3, 4", "cli-not-a-number"),
        ("petal length=1", "cli-columns-missing"),
        ("petal length=1, stem length=2", "cli-column-unknown"),
        ("petal length=long, petal width=1, sepal length=1, sepal width=1", "cli-not-a-number"),
        (",".join(["1"] * 100_000), "cli-columns-too-many"),
    ],
)
def test_text_that_is_no_row_is_refused(capsys, catalog, given, key):
    assert refuse(capsys, "iris-classifier", given) == key
    assert catalog.table_predictor.batch_sizes == []


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "cli-row-empty"),
        (b"\xef\xbb\xbf", "cli-row-empty"),
        (b"sepal length,sepal width,petal length,petal width\n", "cli-row-empty"),
        (b"sepal length,sepal width,petal length\n1,2,3\n", "cli-columns-missing"),
        (b"a,b,c,d\n1,2,3,4\n", "cli-row-not-numbers"),
        (b"1,2,3,4\n1,2,3\n", "cli-columns-wrong"),
        (b"sepal length,sepal width,petal length,petal width\n1,2,3\n", "cli-columns-wrong"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "cli-not-text"),
        (bytes(range(256)) * 40, "cli-not-text"),
        (b"\x1f\x8b\x08\x00not really gzip", "cli-not-text"),
        (b'1,2,3,"' + b"4" * 20_000 + b'"\n', "cli-not-text"),
        (b"1,2,3,4\n" * 50_001, "cli-rows-too-many"),
        (b"1," * 60_000 + b"\n", "cli-columns-too-many"),
    ],
)
def test_a_file_that_is_no_table_is_refused(capsys, catalog, tmp_path, content, key):
    path = tmp_path / "given.csv"
    path.write_bytes(content)
    assert refuse(capsys, "iris-classifier", str(path)) == key
    assert catalog.table_predictor.batch_sizes == []


def test_a_row_far_outside_of_what_the_model_saw_is_refused_by_the_model(capsys):
    assert refuse(capsys, "iris-classifier", "1000, 2, 3, 4") == "row-out-of-range"
    assert refuse(capsys, "iris-classifier", "-1, 2, 3, 4") == "row-out-of-range"


@pytest.mark.parametrize(
    ("command", "model"),
    [("predict", "iris-classifier"), ("predict", "digits-convnet"), ("explain", "digits-convnet")],
)
def test_a_folder_is_refused(capsys, catalog, tmp_path, model, command):
    assert refuse(capsys, model, str(tmp_path), command) == "cli-file-is-folder"


@pytest.mark.parametrize("model", ["iris-classifier", "digits-convnet"])
def test_a_file_of_50_mb_is_refused_without_being_read_whole(capsys, catalog, tmp_path, model):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    tracemalloc.start()
    try:
        assert refuse(capsys, model, str(path)) == "cli-file-too-large"
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_may_not_be_read_is_refused(capsys, catalog, tmp_path, monkeypatch):
    path = tmp_path / "secret.csv"
    path.write_text(FLOWER)

    def deny(self, *_: object, **__: object):
        raise PermissionError(13, "denied", str(self))

    monkeypatch.setattr(Path, "open", deny)
    code = cli.main(["predict", "iris-classifier", str(path), "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["key"]) == (2, "cli-file-unreadable")
    assert str(tmp_path) not in json.dumps(error)


def make_png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing: a bomb."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def save(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def draw_one() -> np.ndarray:
    """A thick black 1 on white, (64, 64), 0..255."""
    picture = np.full((64, 64), 255, np.uint8)
    picture[8:56, 28:36] = 0
    return picture


GREY = Image.fromarray(draw_one())
HOSTILE = {
    "empty": b"",
    "text": b"this is not a picture",
    "csv": b"1,2,3,4\n",
    "cut short": save(GREY, "PNG")[:-40],
    "gif": save(GREY, "GIF"),
    "bmp": save(GREY, "BMP"),
    "tiff": save(GREY, "TIFF"),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "bomb": make_png_header(60_000, 60_000),
    "nothing in it": make_png_header(0, 0),
    "damaged": make_png_header(64, 64),
    "white": save(Image.new("L", (64, 64), 255), "PNG"),
    "black": save(Image.new("L", (64, 64), 0), "PNG"),
    "one pixel": save(Image.new("L", (1, 1), 128), "PNG"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_that_cannot_be_read_is_refused(capsys, catalog, tmp_path, name):
    path = tmp_path / "picture.png"
    path.write_bytes(HOSTILE[name])
    assert refuse(capsys, "digits-convnet", str(path)).startswith("picture-")
    assert catalog.predictor.batch_sizes == []


def test_text_is_no_picture(capsys, catalog):
    assert refuse(capsys, "digits-convnet", "seven.png") == "cli-file-missing"
    assert refuse(capsys, "digits-convnet", FLOWER) == "cli-file-missing"


READABLE = {
    "grey": GREY,
    "colour": GREY.convert("RGB"),
    "palette": GREY.convert("P"),
    "one bit": GREY.convert("1"),
    "16 bit": Image.fromarray(draw_one().astype(np.uint16) * 257),
    "white on black": Image.fromarray(255 - draw_one()),
    "see-through": Image.merge("LA", (Image.new("L", (64, 64), 0), Image.fromarray(255 - draw_one()))),
}


@pytest.mark.parametrize("name", READABLE)
def test_a_one_is_read_as_1_whatever_the_picture_is_made_of(capsys, tmp_path, name):
    path = tmp_path / "one.png"
    path.write_bytes(save(READABLE[name], "PNG"))
    assert read_best_label(capsys, path) == "1"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_one_is_read_as_1_from_other_formats(capsys, tmp_path, kind):
    path = tmp_path / "one"  # the name does not say what it is
    path.write_bytes(save(GREY, kind))
    assert read_best_label(capsys, path) == "1"


def test_a_one_is_read_as_1_in_cmyk(capsys, tmp_path):
    path = tmp_path / "one.jpg"
    path.write_bytes(save(GREY.convert("CMYK"), "JPEG"))
    assert read_best_label(capsys, path) == "1"


def read_best_label(capsys, path: Path) -> str:
    code = cli.main(["predict", "digits-convnet", str(path), "--json"])
    out = capsys.readouterr().out
    assert code == 0, out
    return json.loads(out)["labels"][0]["label"]
