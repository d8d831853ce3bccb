"""How a demo looks: Vitrine's colours, type and pictures as Gradio understands them.

Owns the theme, the style sheet's place in the page and how pictures and probabilities become HTML (every
value is escaped). Knows no model. Fonts come from the server that serves us or from the visitor's machine,
never from elsewhere.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from core.requests import Picture
from core.results import Classification
from core.wording import Sentence, say_percent

if TYPE_CHECKING:
    from gradio.themes import Base

STYLE_FILE = Path(__file__).with_name("style.css")

_FONT_NAMES = {"sans": "Source Sans", "serif": "Source Serif"}
_LIGHT = {
    "body_background_fill": "#FFFFFF",
    "body_text_color": "#16202C",
    "body_text_color_subdued": "#414B59",
    "background_fill_primary": "#FFFFFF",
    "background_fill_secondary": "#F5F7FA",
    "block_background_fill": "transparent",
    "block_label_text_color": "#16202C",
    "block_title_text_color": "#16202C",
    "block_info_text_color": "#414B59",
    "border_color_primary": "#DDE3EA",
    "input_background_fill": "#FFFFFF",
    "input_border_color": "#6F7C8C",
    "input_border_color_focus": "#16202C",
    "button_secondary_background_fill": "#FFFFFF",
    "button_secondary_background_fill_hover": "#F5F7FA",
    "button_secondary_border_color": "#6F7C8C",
    "button_secondary_text_color": "#16202C",
    "link_text_color": "#16202C",
}
_DARK = {
    "body_background_fill": "#11161D",
    "body_text_color": "#E8EDF3",
    "body_text_color_subdued": "#A9B4C2",
    "background_fill_primary": "#11161D",
    "background_fill_secondary": "#1A222C",
    "block_background_fill": "transparent",
    "block_label_text_color": "#E8EDF3",
    "block_title_text_color": "#E8EDF3",
    "block_info_text_color": "#A9B4C2",
    "border_color_primary": "#2E3946",
    "input_background_fill": "#11161D",
    "input_border_color": "#8693A3",
    "input_border_color_focus": "#E8EDF3",
    "button_secondary_background_fill": "#11161D",
    "button_secondary_background_fill_hover": "#1A222C",
    "button_secondary_border_color": "#8693A3",
    "button_secondary_text_color": "#E8EDF3",
    "link_text_color": "#E8EDF3",
}


def build_theme() -> Base:
    """Return the theme: our colours in both modes, no shadows, no gradients, no font from elsewhere."""
    from gradio.themes import Base

    sans = (_FONT_NAMES["sans"], "system-ui", "sans-serif")
    theme = Base(font=sans, font_mono=("ui-monospace", "monospace"), text_size="lg", radius_size="md")
    return theme.set(
        **_LIGHT,
        **{f"{name}_dark": colour for name, colour in _DARK.items()},
        block_border_width="0px",
        block_padding="0px",
        block_shadow="none",
        button_border_width="1px",
        input_border_width="1px",
        block_title_text_size="18px",
        block_title_text_weight="400",
        button_large_text_size="18px",
        button_large_text_weight="600",
        button_large_padding="8px 16px",
        input_text_size="18px",
        layout_gap="12px",
    )


def build_head(fonts: Mapping[str, str]) -> str:
    """Return what goes into the head of a page: the style sheet, and where the fonts are.

    Args:
        fonts: ``serif`` and ``sans``, each the address of a variable WOFF2 font on this server; may be empty.
    """
    faces = "".join(
        f'@font-face{{font-family:"{_FONT_NAMES[name]}";src:url("{address}") format("woff2");'
        "font-weight:200 900;font-display:swap}"
        for name, address in fonts.items()
    )
    return f"<style>{faces}{STYLE_FILE.read_text(encoding='utf-8')}</style>"


def to_html(sentence: Sentence) -> str:
    """Return a worded sentence with its meanings as elements."""
    return "".join(
        escape(span.text) if span.meaning is None else f'<b class="{span.meaning}">{escape(span.text)}</b>'
        for span in sentence.spans
    )


def to_png(picture: Picture, side: int = 1) -> bytes:
    """Return a picture as a PNG, ink on paper, each of its pixels ``side`` wide."""
    from PIL import Image

    height, width = picture.shape
    grey = bytes(round(255 * (1 - min(max(ink, 0.0), 1.0))) for row in picture.pixels for ink in row)
    image = Image.frombytes("L", (width, height), grey)
    file = io.BytesIO()
    image.resize((width * side, height * side), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


def to_data_uri(picture: Picture) -> str:
    """Return a picture as an address that holds it; the browser enlarges it without smoothing."""
    return "data:image/png;base64," + base64.b64encode(to_png(picture)).decode()


def picture_html(picture: Picture, *, alt: str, kind: str = "") -> str:
    """Return one picture. ``kind``: ``real`` has a solid edge, ``made`` a dashed one."""
    return f'<img class="v-picture {kind}" src="{to_data_uri(picture)}" alt="{escape(alt)}">'


def film_html(frames: Iterable[tuple[str, Picture]], *, alt: str) -> str:
    """Return pictures on their way from noise, each with its caption."""
    figures = "".join(
        f"<figure>{picture_html(picture, alt=alt.replace('{caption}', caption))}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, picture in frames
    )
    return f'<div class="v-film">{figures}</div>'


def bars_html(result: Classification | None, labels: Iterable[str], *, name: str, most: int = 5) -> str:
    """Return the ``most`` likely labels as a list, the first in colour; without an answer, empty tracks."""
    scores = [(score.label, score.prob) for score in result.labels[:most]] if result else []
    rows = [
        f'<li class="{"" if place else "hot"}"><span>{escape(label)}</span><span>{say_percent(prob)}</span>'
        f'<i aria-hidden="true"><u style="width:{prob * 100:.1f}%"></u></i></li>'
        for place, (label, prob) in enumerate(scores)
    ] or [f"<li><span>{escape(label)}</span><i></i></li>" for label in list(labels)[:most]]
    return f'<ul class="v-bars" aria-label="{escape(name)}">{"".join(rows)}</ul>'
