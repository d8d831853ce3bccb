"""The colours of meaning, for whatever cannot read the style sheet: Plotly figures and SVG images.

Owns the values of the style guide for both themes; knows no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme's colours. ``*_text`` reaches 7:1 on the page and on its own wash."""

    predict: str
    predict_text: str
    generate: str
    generate_text: str
    explain: str
    explain_text: str
    ink: str
    muted: str
    mark: str
    hairline: str
    page: str


LIGHT = Palette(
    predict="#005A9C", predict_text="#00528F", generate="#B34700", generate_text="#873500",
    explain="#006B54", explain_text="#00594A", ink="#16202C", muted="#414B59", mark="#6F7C8C",
    hairline="#DDE3EA", page="#FFFFFF",
)  # fmt: skip
DARK = Palette(
    predict="#73BCF2", predict_text="#73BCF2", generate="#FF9A57", generate_text="#FF9A57",
    explain="#4FD1AE", explain_text="#4FD1AE", ink="#E8EDF3", muted="#A9B4C2", mark="#8693A3",
    hairline="#2E3946", page="#11161D",
)  # fmt: skip


def get_palette(theme: Literal["light", "dark"] | None) -> Palette:
    """Return the colours of a theme; light when it is not known yet."""
    return DARK if theme == "dark" else LIGHT
