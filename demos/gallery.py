"""Which demos there are.

Owns the list. Imports no gradio, so that listing is free; an entry point is imported when its demo is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from core.registry import resolve

if TYPE_CHECKING:
    from gradio import Blocks

Group = Literal["predict-generate", "explain", "plan", "learn"]


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo. Its words are ``demos.<key>`` in ``assets/content/<language>/demos.yaml``."""

    slug: str
    """Its address: ``/demos/<slug>/``."""
    key: str
    group: Group
    entry_point: str
    """``"module:function"`` that returns new Blocks: mounting changes them, so nobody shares any."""
    cover: str
    """``"module:function"`` that returns HTML: pictures for its door on the index."""


DEMOS: tuple[Demo, ...] = (
    Demo("digits", "digits", "predict-generate", "demos.digits:build_demo", "demos.digits:draw_cover"),
)


def build(demo: Demo) -> Blocks:
    """Import a demo and build its Blocks; the first one imports gradio, which takes 5 to 7 s."""
    return cast("Blocks", resolve(demo.entry_point)())


def draw_cover(demo: Demo) -> str:
    """Draw what stands on a demo's door."""
    return cast("str", resolve(demo.cover)())
