"""Small pictures as PNG addresses: another library must read from them what was put in."""

from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.components.pictures import _INK, film_html, picture_html, to_data_uri
from core.requests import Picture

PREFIX = "data:image/png;base64,"


def decode(uri: str) -> Image.Image:
    assert uri.startswith(PREFIX)
    image = Image.open(io.BytesIO(base64.b64decode(uri[len(PREFIX) :], validate=True)), formats=["PNG"])
    image.load()  # checks every checksum
    return image


def get_pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    pixel = image.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel


def test_the_address_is_a_real_png_with_the_right_pixels():
    picture = Picture(((0.0, 1.0, 0.5), (1.0, 0.0, 0.25)))
    image = decode(to_data_uri(picture))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (3, 2))
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert image.getpixel((1, 0)) == _INK
    assert image.getpixel((0, 1)) == _INK
    for channel, ink in zip(get_pixel(image, 2, 0), _INK, strict=True):
        assert abs(channel - (255 + ink) / 2) <= 1


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_every_pixel_keeps_its_place_and_darkness(height: int, width: int, data: st.DataObject):
    rows = data.draw(
        st.lists(st.lists(st.floats(0, 1), min_size=width, max_size=width), min_size=height, max_size=height)
    )
    image = decode(to_data_uri(Picture(tuple(map(tuple, rows)))))
    assert image.size == (width, height)
    for y, row in enumerate(rows):
        for x, ink in enumerate(row):
            red = get_pixel(image, x, y)[0]
            assert abs(red - (255 + (_INK[0] - 255) * ink)) <= 0.5 + 1e-6


@pytest.mark.parametrize(("ink", "shown"), [(-3.0, (255, 255, 255)), (7.0, _INK), (float("inf"), _INK)])
def test_what_is_more_than_ink_or_less_than_paper_is_cut(ink: float, shown: tuple[int, int, int]):
    assert decode(to_data_uri(Picture(((ink,),)))).getpixel((0, 0)) == shown


def test_a_made_picture_is_told_from_a_real_one_by_its_edge():
    picture = Picture(((0.5,),))
    assert 'class="v-frame made"' in picture_html(picture, alt="a", size_px=8, made=True)
    assert 'class="v-frame"' in picture_html(picture, alt="a", size_px=8)


def test_no_alt_text_or_caption_becomes_a_tag():
    picture, evil = Picture(((0.5,),)), '"><script>alert(1)</script>'
    for html in (picture_html(picture, alt=evil, size_px=8), film_html([(evil, picture)], alt=evil)):
        assert "<script" not in html
        assert 'alt=""' not in html


def test_a_film_keeps_its_order():
    html = film_html([(name, Picture(((0.5,),))) for name in ("first", "second", "third")], alt="a film")
    assert html.count("<figure>") == 3
    assert html.index("first") < html.index("second") < html.index("third")
