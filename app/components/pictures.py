"""Small grey pictures as HTML: ink on paper, edges solid when real and dashed when made.

Owns how a ``Picture`` becomes an ``<img>``; knows neither models nor data sets.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache

from app.components.html import escape
from core.requests import Picture

_INK = (22, 32, 44)  # --ink of the light theme; the dark theme inverts the finished image


@lru_cache(maxsize=512)
def to_data_uri(picture: Picture) -> str:
    """Return the picture as a PNG data address, one PNG pixel a pixel; the browser enlarges it smoothly.

    Eight by eight dots with hard edges are hard to read as a digit; smoothed, people see at once what the model sees.

    A PNG of an 8x8 picture needs 60 lines less than an image library needs to be imported: zlib does the work.
    """
    height, width = picture.shape
    rows = b"".join(b"\x00" + b"".join(_colour(value) for value in row) for row in picture.pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8-bit RGB
    png = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _colour(ink: float) -> bytes:
    share = min(max(ink, 0.0), 1.0)
    return bytes(round(255 + (channel - 255) * share) for channel in _INK)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture_html(picture: Picture, *, alt: str, size_px: int, made: bool = False, edge: bool = True) -> str:
    """Return one picture in its frame, ``size_px`` wide."""
    kind = "" if not edge else " made" if made else ""
    frame = "v-frame plain" if not edge else f"v-frame{kind}"
    return (
        f'<div class="{frame}"><img src="{to_data_uri(picture)}" alt="{escape(alt)}" '
        f'style="width:{size_px}px;height:auto;aspect-ratio:1"></div>'
    )


def film_html(frames: Sequence[tuple[str, Picture]], *, alt: str, size_px: int = 84) -> str:
    """Return the frames of a denoising with their captions, in order."""
    figures = "".join(
        f"<figure>{picture_html(picture, alt=f'{alt}, {caption}', size_px=size_px, edge=False)}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, picture in frames
    )
    return f'<div class="v-film">{figures}</div>'
