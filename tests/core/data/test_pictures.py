"""Whatever a visitor brings becomes a small picture or an InputError with a key; nothing else."""

import io
import struct
import threading
import time
import warnings
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from core.data import pictures
from core.data.datasets import load_digits
from core.data.pictures import (
    MAX_BYTES,
    MAX_DECODING,
    MAX_POINTS,
    MAX_SCANS,
    MAX_SIDE,
    MAX_STROKES,
    decode_picture,
    draw_strokes,
    measure_stroke_width,
    to_digit,
)
from core.errors import EngineBusyError, InputError


def a_seven(side=120, ink=0, paper=255):
    """A seven of two strokes, drawn on a square."""
    values = np.full((side, side), paper, np.uint8)
    values[side // 6 : side // 4, side // 4 : 3 * side // 4] = ink
    for y in range(side // 6, 5 * side // 6):
        x = int(3 * side / 4 - (y - side / 6) * 0.4)
        values[y, x - side // 20 : x + side // 20] = ink
    return values


def encode(image, file_format="PNG", **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def decoding_error(data):
    with pytest.raises(InputError) as raised:
        decode_picture(data)
    return raised.value.key


def png_chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of_size(width, height, *, bits=1, pixels=b""):
    """A PNG that claims a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(pixels))
        + png_chunk(b"IEND", b"")
    )


def as_array(digit):
    return np.array(digit.pixels)


@pytest.mark.parametrize(
    ("what", "data", "key"),
    [
        ("nothing", b"", "picture-empty"),
        ("text", b"hello, I am a picture", "picture-format"),
        ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture-format"),
        ("gif", encode(Image.new("L", (9, 9)), "GIF"), "picture-format"),
        ("bmp", encode(Image.new("L", (9, 9)), "BMP"), "picture-format"),
        ("tiff", encode(Image.new("L", (9, 9)), "TIFF"), "picture-format"),
        ("png signature only", b"\x89PNG\r\n\x1a\n", "picture-damaged"),
        ("jpeg signature only", b"\xff\xd8\xff", "picture-damaged"),
        ("webp signature only", b"RIFF\x04\x00\x00\x00WEBP", "picture-damaged"),
        ("zero by zero", png_of_size(0, 0), "picture-damaged"),
        ("no pixels", png_of_size(50, 50), "picture-damaged"),
        ("a bomb that claims 400 megapixels", png_of_size(20_000, 20_000), "picture-too-large"),
        ("a bomb that claims 100 megapixels", png_of_size(10_000, 10_000), "picture-too-large"),
        ("one row too many", png_of_size(4000, 3126), "picture-too-large"),
        ("too many bytes", b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES), "picture-file-too-large"),
    ],
)
def test_what_is_no_usable_picture_is_refused_with_its_own_key(what, data, key):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        assert decoding_error(data) == key, what


def test_a_webp_bomb_is_refused_by_its_size():
    tiny_file = encode(Image.new("RGB", (4000, 3126)), "WEBP", lossless=True, quality=0, method=0)
    assert len(tiny_file) < 1000
    assert decoding_error(tiny_file) == "picture-too-large"


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_file_is_refused(file_format):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    whole = encode(Image.fromarray(noise), file_format)
    assert decode_picture(whole).shape == (64, 64, 3)
    assert decoding_error(whole[: len(whole) // 2]) == "picture-damaged"


def test_flipped_bytes_anywhere_lead_to_a_picture_or_an_input_error():
    random = np.random.default_rng(1)
    for file_format in ("PNG", "JPEG", "WEBP"):
        whole = encode(Image.fromarray(a_seven(40)), file_format)
        for _ in range(60):
            broken = bytearray(whole)
            for place in random.integers(12, len(whole), 3):
                broken[place] = random.integers(256)
            with suppress(InputError):  # its key is looked at in the tests above
                picture = decode_picture(bytes(broken))
                assert picture.dtype == np.uint8
                assert picture.shape[2] == 3


def test_the_content_counts_not_what_it_is_called():
    png = encode(Image.fromarray(a_seven()))
    assert decode_picture(png).shape == (120, 120, 3)
    assert decoding_error(b"GIF89a" + png) == "picture-format"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "YCbCr"])
def test_every_kind_of_colour_shows_the_same_seven(mode):
    with_16_bits = Image.fromarray(a_seven().astype(np.uint16) * 257)
    image = with_16_bits if mode == "I;16" else Image.fromarray(a_seven()).convert("RGB").convert(mode)
    file_format = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    seen = decode_picture(encode(image, file_format))
    plain = decode_picture(encode(Image.fromarray(a_seven())))
    assert np.abs(seen.astype(int) - plain).mean() < 6  # JPEG blurs edges
    assert np.abs(as_array(to_digit(seen)) - as_array(to_digit(plain))).mean() < 0.05


def test_only_the_first_frame_of_an_animation_is_read():
    frames = [Image.fromarray(a_seven()), Image.new("L", (120, 120), 9), Image.new("L", (120, 120), 99)]
    for file_format in ("PNG", "WEBP"):
        options = {"lossless": True} if file_format == "WEBP" else {}
        data = encode(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
        assert np.array_equal(decode_picture(data)[:, :, 0] < 128, a_seven() < 128)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright_and_its_exif_is_gone(orientation):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16] = 255  # one bright corner, top left
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)  # how the camera was held
    stored = Image.fromarray(upright)
    if undo is not None:
        stored = stored.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a camera that nobody should hear of"
    seen = decode_picture(encode(stored, "JPEG", quality=95, exif=exif))
    assert seen.shape == (16, 32, 3)
    assert seen[:8, :16].mean() > 240
    assert seen[8:].mean() < 15


def test_a_broken_exif_entry_does_not_cost_the_picture():
    data = encode(Image.fromarray(a_seven()), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xffnonsense")
    assert decode_picture(data).shape == (120, 120, 3)


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_ink_on_a_transparent_sheet_stays_visible(ink, paper):
    values = np.zeros((120, 120, 4), np.uint8)
    values[:, :, :3] = ink
    values[:, :, 3] = 255 - a_seven()
    seen = decode_picture(encode(Image.fromarray(values)))
    assert seen[0, 0].tolist() == [paper] * 3
    assert np.array_equal(as_array(to_digit(seen)), as_array(to_digit(a_seven())))


def test_a_sheet_with_nothing_visible_is_blank():
    seen = decode_picture(encode(Image.new("RGBA", (50, 50), (200, 10, 10, 0))))
    assert blank_error(seen) == "picture-blank"


@pytest.mark.parametrize("size", [(3000, 4000), (12_000_000, 1), (1, 5000), (1, 1), (2, 3)])
def test_a_decoded_picture_is_small_whatever_its_shape(size):
    seen = decode_picture(encode(Image.new("1", size, 1)))
    assert max(seen.shape[:2]) <= MAX_SIDE
    assert min(seen.shape[:2]) >= 1
    assert blank_error(seen) == "picture-blank"


def blank_error(picture):
    with pytest.raises(InputError) as raised:
        to_digit(picture)
    return raised.value.key


@pytest.mark.parametrize("grey", [0, 77, 255])
def test_a_sheet_of_one_colour_is_blank(grey):
    assert blank_error(np.full((90, 120, 3), grey, np.uint8)) == "picture-blank"
    assert blank_error(np.full((90, 120), grey, np.uint8)) == "picture-blank"


def test_the_noise_and_the_shade_of_an_empty_page_are_no_ink():
    y, x = np.mgrid[0:1:200j, 0:1:200j]
    page = 140 + 80 * x * y + np.random.default_rng(0).normal(0, 4, x.shape)
    assert blank_error(page.clip(0, 255).astype(np.uint8)) == "picture-blank"


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("inverted", lambda picture: 255 - picture),
        ("small in a corner", lambda picture: np.pad(picture, ((10, 300), (200, 20)), constant_values=255)),
        ("cut to its edges", lambda picture: picture[20:101, 27:94]),
        ("pencil", lambda picture: (picture * 0.3 + 150).astype(np.uint8)),
        ("in colour", lambda picture: np.stack([picture * 0 + 200, 255 - picture, picture], axis=2)),
        ("in shade", lambda picture: (picture * np.linspace(0.5, 1, 120)).astype(np.uint8)),
        ("with dust", lambda picture: np.where(np.arange(14400).reshape(120, 120) == 500, 0, picture)),
    ],
)
def test_the_same_seven_is_read_however_it_is_shown(what, change):
    usual = as_array(to_digit(a_seven()))
    seen = as_array(to_digit(np.asarray(change(a_seven()), dtype=np.uint8)))
    assert np.abs(seen - usual).mean() < 0.05, what


def test_a_digit_fills_the_height_in_sixteenths_as_the_data_set_does():
    digit = as_array(to_digit(a_seven()))
    assert digit.shape == (8, 8)
    assert np.array_equal(digit * 16, np.round(digit * 16))
    assert digit.min() == 0
    assert digit.max() == 1
    assert (digit.max(axis=1) > 0).all()
    # a seven: the upper bar is wide, the foot is narrow and left of the bar's end
    assert digit[0].sum() > 2 * digit[-1].sum()


def test_hairlines_and_markers_get_the_same_strokes():
    line = [[(0.3, 0.1), (0.7, 0.1), (0.4, 0.9)]]
    inks = [as_array(to_digit(draw_strokes(line, width))).sum() for width in (0.005, 0.03, 0.1)]
    assert max(inks) < 1.2 * min(inks)  # though the marker is 20 times as wide


def test_the_stroke_width_of_a_bar_is_its_width():
    for width in (6, 12, 24):
        bar = np.zeros((200, 60), bool)
        bar[10:190, 20 : 20 + width] = True
        assert measure_stroke_width(bar) == pytest.approx(width, rel=0.25)


def test_real_digits_survive_being_enlarged_and_read_again():
    data = load_digits()
    likeness = []
    for row in range(0, 120, 6):
        large = Image.fromarray((255 - data.X[row] * 255).astype(np.uint8)).resize(
            (200, 200), Image.Resampling.BICUBIC
        )
        again = as_array(to_digit(np.pad(np.asarray(large), 40, constant_values=255)))
        likeness.append(np.corrcoef(again.ravel(), data.X[row].ravel())[0, 1])
    assert np.median(likeness) > 0.8, likeness


def test_an_empty_drawing_asks_for_a_drawing():
    for strokes in ([], [[]], [[], []]):
        with pytest.raises(InputError) as raised:
            draw_strokes(strokes)
        assert raised.value.key == "drawing-empty"


@pytest.mark.parametrize(
    ("strokes", "key"),
    [
        ([[(0.5, 0.5)]] * (MAX_STROKES + 1), "drawing-too-long"),
        ([[(0.5, 0.5)] * (MAX_POINTS + 1)], "drawing-too-long"),
        ([[(0.5, float("nan"))]], "drawing-not-numbers"),
        ([[(float("inf"), 0.5)]], "drawing-not-numbers"),
    ],
)
def test_a_drawing_that_nobody_drew_is_refused(strokes, key):
    with pytest.raises(InputError) as raised:
        draw_strokes(strokes)
    assert raised.value.key == key


def test_a_stroke_is_drawn_where_it_was_drawn():
    picture = draw_strokes([[(0.25, 0.25), (0.25, 0.75)]], width=0.04)
    dark = np.argwhere(picture < 128)
    assert dark[:, 1].mean() / 256 == pytest.approx(0.25, abs=0.01)
    assert dark[:, 0].min() / 256 == pytest.approx(0.23, abs=0.01)
    assert dark[:, 0].max() / 256 == pytest.approx(0.77, abs=0.01)


def test_a_dot_and_points_outside_the_pad_are_drawn():
    assert (draw_strokes([[(0.5, 0.5)]]) < 128).any()
    assert (draw_strokes([[(-3, 0.5), (4, 0.5)]]) < 128).any()
    assert as_array(to_digit(draw_strokes([[(0.5, 0.5)]]))).shape == (8, 8)


def jpeg_of_scans(scans, side=1024):
    """A progressive JPEG whose last scan comes again and again: valid, small, and slow to decode."""
    plain = encode(Image.fromarray(a_seven(side)), "JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")
    more = scans - plain.count(b"\xff\xda")
    return plain[:-2] + plain[last:-2] * more + b"\xff\xd9"


def test_a_jpeg_of_a_thousand_scans_is_refused_before_it_is_decoded():
    data = jpeg_of_scans(1000)
    started = time.perf_counter()
    assert decoding_error(data) == "picture-damaged"
    assert time.perf_counter() - started < 0.5


def test_a_jpeg_of_as_many_scans_as_are_allowed_is_decoded_and_one_more_is_not():
    assert decode_picture(jpeg_of_scans(MAX_SCANS, side=64)).shape == (64, 64, 3)
    assert decoding_error(jpeg_of_scans(MAX_SCANS + 1, side=64)) == "picture-damaged"


def test_what_looks_like_scans_beside_the_picture_does_not_count():
    plain = encode(Image.fromarray(a_seven()), "JPEG")
    scans = b"\xff\xda" * 1000
    segment = b"\xff\xe1" + struct.pack(">H", len(scans) + 2) + scans  # as a camera keeps a thumbnail
    assert decode_picture(plain[:2] + segment + plain[2:] + scans).shape == (120, 120, 3)  # and a film


def test_scans_count_also_after_fill_bytes_and_between_restart_marks():
    plain = encode(Image.fromarray(a_seven()), "JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")
    scan = b"\xff\x00\xff\xd3\xff\xff" + plain[last:-2]
    assert decoding_error(plain[:-2] + scan * 200 + b"\xff\xd9") == "picture-damaged"


def test_a_picture_that_waits_too_long_for_its_turn_is_told_to_come_again(monkeypatch):
    data = encode(Image.fromarray(a_seven()))
    monkeypatch.setattr(pictures, "MAX_WAIT_S", 0.05)
    going, done = threading.Barrier(MAX_DECODING + 1), threading.Event()
    real = pictures._decode

    def decode_slowly(*args):
        going.wait(10)
        done.wait(10)
        return real(*args)

    with monkeypatch.context() as slow:
        slow.setattr(pictures, "_decode", decode_slowly)
        others = [threading.Thread(target=decode_picture, args=(data,)) for _ in range(MAX_DECODING)]
        for other in others:
            other.start()
        going.wait(10)
        with pytest.raises(EngineBusyError) as raised:
            decode_picture(data)
        done.set()
        for other in others:
            other.join()
    assert raised.value.retry_after_s > 0
    assert decode_picture(data).shape == (120, 120, 3)
    assert (
        decoding_error(b"\x89PNG\r\n\x1a\n") == "picture-damaged"
    )  # a turn is given back after an error too
    assert decode_picture(data).shape == (120, 120, 3)
