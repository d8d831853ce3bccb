"""How a visitor gives a picture of a digit: pick, draw, upload, photograph, or take the one that was made.

Owns the chooser and what it shows; the way and the pick are in the address, what was drawn or uploaded never is.
Shared by every screen that reads a picture; knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from app import examples, state
from app.components import pad
from app.components.html import word, write
from app.components.picker import pick
from core.data.pictures import decode_picture, draw_strokes, to_digit
from core.requests import Picture
from core.wording import get_words, say

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_KEY = "common.picture-input"
_UPLOADS = ["png", "jpg", "jpeg", "webp"]
_LARGEST_MB = 10


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture, and the way it came: ``pick``, ``draw``, ``upload``, ``photo`` or ``made``."""

    way: str
    picture: Picture | None
    """None while there is nothing yet."""
    meant: str | None = None
    """What the writer of a picked example meant."""


def choose_way(ways: Sequence[str]) -> str:
    """Show the ways and return the chosen one; it is in the address as ``from``."""
    return state.choose("from", ways, get_words(f"{_KEY}.ways"))


def get_way(ways: Sequence[str]) -> str:
    """Return the chosen way before its chooser is shown."""
    return state.get_choice("from", ways, ways[0])


def take(way: str, pad_place: DeltaGenerator, made: Picture | None = None) -> Taken:
    """Show what this way needs and return the picture.

    Args:
        way: one of the ways.
        pad_place: where the drawing pad goes; everything else goes where the caller is.
        made: the picture that way ``made`` takes.
    """
    if way == "draw":
        with pad_place:
            words = get_words(_KEY)
            strokes = pad.draw("pad", label=words["pad"], undo=words["undo"], clear=words["clear"])
        write(f'<p class="v-caption">{word(f"{_KEY}.draw-hint")}</p>')
        return Taken(way, to_digit(draw_strokes(strokes)) if strokes else None)
    if way == "upload":
        file = st.file_uploader(
            str(say(f"{_KEY}.upload")), type=_UPLOADS, key="upload", max_upload_size=_LARGEST_MB
        )
        return Taken(way, _read(file))
    if way == "photo":
        return Taken(way, _read(st.camera_input(str(say(f"{_KEY}.photo")), key="photo")))
    if way == "made" and made:
        return Taken(way, made)
    return _pick()


def _read(file: UploadedFile | None) -> Picture | None:
    return to_digit(decode_picture(file.getvalue())) if file else None


def _pick() -> Taken:
    digits = examples.get_example_digits()
    picked = state.get_number("pick", examples.DIGIT, len(digits) - 1)
    pick(
        "picker",
        [(str(say(f"{_KEY}.example-alt", label=digit.label)), digit.picture) for digit in digits],
        label=str(say(f"{_KEY}.examples")),
        picked=picked,
        on_pick=_picked,
    )
    return Taken("pick", digits[picked].picture, digits[picked].label)


def _picked(index: int) -> None:
    state.set_choice("pick", index, examples.DIGIT)


def send_made() -> None:
    """Have the made picture read: what the button "Ask the predictor" does."""
    state.set_choice("from", "made", "pick")
