"""What a visitor brings, made safe and small: a picture file or the strokes of a drawing, to a digit.

Owns decoding (hostile files included), finding the ink, and bringing it to the form in which the digits
were made. Knows no model. Nothing here runs before the size of a picture is known, and nothing of a file
but its pixels gets through: no place, no camera, no name.

The digits were made by NIST's programs: cut to the ink, fitted into 32x32 black-and-white dots, and counted
in blocks of 4x4 (C. Kaynak, 1995; UCI doi:10.24432/C50P49). ``to_digit`` does the same.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import EngineBusyError, InputError
from core.requests import Picture

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

MAX_BYTES = 10_485_760
MAX_PIXELS = 12_500_000
"""More than a phone's 12-megapixel photo is refused before a single pixel is decoded."""
MAX_SIDE = 1024
"""A decoded picture is at most this wide and high, in pixels; larger ones are shrunk."""

MAX_SCANS = 64
"""Scans of one JPEG. Ten are usual; each costs a walk over the whole picture, even one of a few bytes."""
MAX_DECODING = 2
"""Pictures that are decoded at the same time in this process, whichever entrance they came through."""
MAX_WAIT_S = 4.0
"""How long a picture waits for its turn before its visitor is told to come again."""

MAX_STROKES = 500
MAX_POINTS = 20_000
DRAWING_SIDE = 256

SCAN_SIDE = 32
BLOCK = 4
WORK_SIDE = 256
"""The side at which ink is looked for, in pixels."""
EVENING_HEIGHT = 96
"""Strokes are made thinner or thicker on a digit at least this high, in pixels: three to a dot of the scan."""
WIDTHS = (16, 24)
"""How wide a digit may be, in dots of its 32: nine in ten of the training pictures lie between these.

The programs that made the data set stretched every digit to about 20 x 32, a lone bar that is a 1 too.
"""
STROKE_WIDTHS = (5.0, 6.5)
"""How wide strokes are made, in dots of the scan: the upper half of the training set, without blots."""
INK_LEVEL = 0.45
"""How far towards the darkest ink a pixel must be to count as ink."""
MIN_CONTRAST = 0.12
"""How far ink must differ from paper, black from white being 1; less is a blank page and its noise."""
SPECK_SHARE = 0.04
"""A spot smaller than this share of the largest one is dust."""

_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""From the EXIF orientation to Pillow's ``Transpose`` that undoes it."""

_decoding = threading.BoundedSemaphore(MAX_DECODING)
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
"""A marker in a JPEG. FF 00 is a byte of pixels that happens to be FF."""
_SCAN, _END = 0xDA, 0xD9


def decode_picture(data: bytes) -> NDArray[np.uint8]:
    """Decode a PNG, JPEG or WEBP file of unknown origin to (height, width, 3): red, green, blue, 0..255.

    What the file is called, or claims to be, does not count: its first bytes do. Only the first frame of an
    animation is read. The picture is turned upright as its EXIF entry says; what is transparent is laid on
    white, or on black if all that is visible is white itself. Sides are at most ``MAX_SIDE``.

    Raises:
        InputError: keys ``picture-empty``, ``picture-file-too-large``, ``picture-format``,
            ``picture-too-large``, ``picture-damaged``.
        EngineBusyError: too many others are being decoded.
    """
    if not data:
        raise InputError("picture-empty")
    if len(data) > MAX_BYTES:
        raise InputError("picture-file-too-large", highest_mb=MAX_BYTES // 2**20)
    file_format = _sniff(data)
    if file_format is None:
        raise InputError("picture-format")
    if file_format == "JPEG" and _has_too_many_scans(data):
        raise InputError("picture-damaged")
    with _take_turn():
        return _decode(data, file_format)


def _decode(data: bytes, file_format: str) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=[file_format]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError("picture-too-large", highest_megapixels=MAX_PIXELS // 1_000_000)
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG can be decoded small; the others ignore this
            image.load()
            turn = _TURNS.get(_read_orientation(image))
            small = _to_eight_bits(image)
        small.thumbnail((MAX_SIDE, MAX_SIDE))
        if turn is not None:
            small = small.transpose(Image.Transpose(turn))
        return _lay_on_paper(small)
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError("picture-too-large", highest_megapixels=MAX_PIXELS // 1_000_000) from error
    except Exception as error:  # a hostile file leads a decoder to any error there is
        raise InputError("picture-damaged") from error


def draw_strokes(strokes: Sequence[Sequence[tuple[float, float]]], width: float = 0.08) -> NDArray[np.uint8]:
    """Draw the lines of a drawing pad: black on white, (256, 256), 0..255.

    Args:
        strokes: lines of points (x, y), from (0, 0) at the top left to (1, 1); a line of one point is a dot.
        width: how wide the pen is, as a share of the pad.

    Raises:
        InputError: keys ``drawing-empty``, ``drawing-too-long``, ``drawing-not-numbers``.
    """
    from PIL import Image, ImageDraw

    if not any(len(stroke) for stroke in strokes):
        raise InputError("drawing-empty")
    if len(strokes) > MAX_STROKES or sum(len(stroke) for stroke in strokes) > MAX_POINTS:
        raise InputError("drawing-too-long")
    if not all(isfinite(value) for stroke in strokes for point in stroke for value in point):
        raise InputError("drawing-not-numbers")
    image = Image.new("L", (DRAWING_SIDE, DRAWING_SIDE), 255)
    pen = ImageDraw.Draw(image)
    radius = max(0.5, min(width, 0.5) * DRAWING_SIDE / 2)
    for stroke in strokes:
        points = [
            (min(max(x, 0.0), 1.0) * DRAWING_SIDE, min(max(y, 0.0), 1.0) * DRAWING_SIDE) for x, y in stroke
        ]
        pen.line(points, fill=0, width=max(1, round(2 * radius)))
        for x, y in points:  # round ends and joints
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return np.asarray(image)


def to_digit(picture: NDArray[np.uint8]) -> Picture:
    """Bring a drawing or photo of one digit, (height, width[, 3]), to 8x8, 0 = paper and 1 = ink.

    Ink is whatever differs from the paper, and paper is what lies along the edge: dark on light, light on
    dark and red on green all work.

    Raises:
        InputError: key ``picture-blank``: no ink was found.
    """
    ink = _remove_specks(_find_ink(picture))
    scan = _to_scan(_even_strokes(ink))
    counts = scan.reshape(SCAN_SIDE // BLOCK, BLOCK, SCAN_SIDE // BLOCK, BLOCK).sum(axis=(1, 3))
    return Picture(tuple(tuple(row) for row in (counts / BLOCK**2).tolist()))


def _sniff(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return None


def _has_too_many_scans(data: bytes) -> bool:
    """Count the scans of a JPEG, marker by marker as its decoder goes, without decoding one.

    Plain counting of FF DA would also count what a camera stores beside the picture: a thumbnail before it,
    or megabytes of film behind its end.
    """
    position, scans = 2, 0
    while match := _MARKER.search(data, position):
        code, position = match[1][0], match.end()
        if code == _END:
            break
        scans += code == _SCAN
        if scans > MAX_SCANS:
            return True
        if code >= 0xC0 and not 0xD0 <= code <= 0xD8:  # the others stand alone
            position += max(2, int.from_bytes(data[position : position + 2], "big"))
    return False


@contextmanager
def _take_turn() -> Iterator[None]:
    if not _decoding.acquire(timeout=MAX_WAIT_S):
        raise EngineBusyError(retry_after_s=MAX_WAIT_S)
    try:
        yield
    finally:
        _decoding.release()


def _read_orientation(image: PillowImage) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001  # a broken EXIF entry says nothing about the pixels
        return 1


def _to_eight_bits(image: PillowImage) -> PillowImage:
    """Return RGB or RGBA with 8 bits a channel, whatever the file had: 1, 8, 16 bits, grey, palette, CMYK."""
    from PIL import Image

    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image)
        return Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8)).convert("RGB")
    is_transparent = image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info
    return image.convert("RGBA" if is_transparent else "RGB")


def _lay_on_paper(image: PillowImage) -> NDArray[np.uint8]:
    values = np.asarray(image)
    if values.shape[2] == 3:
        return values.copy()
    opacity = values[:, :, 3:].astype(np.float32) / 255
    visible = values[:, :, :3][opacity[:, :, 0] > 0.5]
    paper = 0 if visible.size and visible.min() > 200 else 255
    return np.rint(values[:, :, :3] * opacity + paper * (1 - opacity)).astype(np.uint8)


def _find_ink(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where the ink is, (side, side'), at ``WORK_SIDE`` on the longer side."""
    from PIL import Image

    image = Image.fromarray(picture).convert("RGB")
    share = WORK_SIDE / max(image.size)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    values = (pixels / 255).astype(np.float32)  # (h, w, 3)
    paper = np.median(_edge(values), axis=0).astype(np.float32)
    difference = np.abs(values - paper).max(axis=2)
    is_paper = difference < MIN_CONTRAST
    for _ in range(3):  # paper darkens towards a corner: follow it with a curved surface
        difference = np.abs(values - _fit_surface(values, is_paper, paper)).max(axis=2)
        is_paper = difference < max(MIN_CONTRAST, 0.3 * _find_darkest(difference))
    darkest = _find_darkest(difference)
    if darkest < MIN_CONTRAST:
        raise InputError("picture-blank")
    return difference > INK_LEVEL * darkest


def _find_darkest(difference: NDArray[np.float32]) -> float:
    """Return how dark ink is: the darkest pixels, but for a few (a hairline covers 1 pixel in 300)."""
    return float(np.quantile(difference, 0.9995))


def _edge(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _fit_surface(
    values: NDArray[np.float32], is_paper: NDArray[np.bool_], fallback: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what the paper would look like without ink: a quadratic surface through the paper's pixels."""
    height, width = is_paper.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
    rows = np.flatnonzero(is_paper)
    rows = rows[:: max(1, len(rows) // 800)]  # a few hundred pixels settle six numbers
    if len(rows) < 100:
        return np.broadcast_to(fallback, values.shape)
    solution = np.linalg.lstsq(terms.reshape(-1, 6)[rows], values.reshape(-1, 3)[rows], rcond=None)[0]
    return terms @ solution


def _remove_specks(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    labelled: Any = ndimage.label(ink, structure=np.ones((3, 3)))  # its stub knows two other results
    spots = labelled[0]
    sizes = np.bincount(spots.ravel())
    sizes[0] = 0  # the paper
    return (sizes >= SPECK_SHARE * sizes.max())[spots] & ink


def _even_strokes(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cut to the ink; thin a marker's strokes, thicken a hairline's, until they are as wide as the data set's.

    This comes before the digit is shrunk, which a hairline would not survive.
    """
    from scipy import ndimage

    cut = _cut(ink)
    if len(cut) < EVENING_HEIGHT:
        cut = _resize(cut, EVENING_HEIGHT, max(1, round(cut.shape[1] * EVENING_HEIGHT / len(cut))))
    dot = len(cut) / SCAN_SIDE
    padded = np.pad(cut, round(STROKE_WIDTHS[1] * dot))
    inside: Any = ndimage.distance_transform_edt(padded)
    outside: Any = ndimage.distance_transform_edt(~padded)
    width = measure_stroke_width(cut)
    wanted = float(np.clip(width, STROKE_WIDTHS[0] * dot, STROKE_WIDTHS[1] * dot))
    evened = (inside - outside) > (width - wanted) / 2
    # a blot has no stroke to thin: rather leave it than lose it
    return evened if evened.sum() > 0.1 * padded.sum() else padded


def measure_stroke_width(ink: NDArray[np.bool_]) -> float:
    """Return how wide the strokes are, in pixels: four times the mean way to the edge, as in one line."""
    from scipy import ndimage

    distance: Any = ndimage.distance_transform_edt(np.pad(ink, 1))
    return max(1.0, 4 * float(distance[distance > 0].mean()) - 1)


def _to_scan(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cut to the ink and fit it into (32, 32): full height, about its own width, centred."""
    cut = _cut(ink)
    width = int(np.clip(round(cut.shape[1] * SCAN_SIDE / len(cut)), *WIDTHS))
    left = (SCAN_SIDE - width) // 2
    return np.pad(_resize(cut, SCAN_SIDE, width), ((0, 0), (left, SCAN_SIDE - width - left)))


def _cut(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resize(ink: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """Enlarge or shrink; a dot is ink where at least half of what it covers is."""
    from PIL import Image

    image = Image.fromarray(ink.astype(np.uint8) * 255)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)) > 127
