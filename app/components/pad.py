"""The drawing pad: a canvas that sends strokes, not pixels.

Owns drawing, undo and clear in the browser; the strokes stay in the element and are sent when the pen is lifted and
at most five times a second while it moves. Knows nothing about what is drawn. There is a way without a pointer:
every screen with a pad can also pick a picture.
"""

from __future__ import annotations

from app.components.browser import define

Stroke = tuple[tuple[float, float], ...]
"""Points (x, y) of one stroke, 0..1 from the left and from the top of the pad."""

_MAX_STROKES = 60
_MAX_POINTS = 6000

_PAD = define(
    "pad",
    html="""<div class="pad"><canvas width="448" height="448" role="img" tabindex="0"></canvas>
    <p><button type="button" class="undo" hidden></button><button type="button" class="clear" hidden></button></p></div>""",
)


def draw(key: str, *, label: str, undo: str, clear: str) -> tuple[Stroke, ...]:
    """Show the pad and return what is drawn on it now: nothing at first, and never more than it can hold.

    Args:
        label: the pad's name for a screen reader; ``{count}`` is filled with the number of strokes.
    """
    result = _PAD(
        key=key,
        data={"label": label, "undo": undo, "clear": clear},
        default={"strokes": []},
        on_strokes_change=lambda: None,
    )
    return _read(result.strokes)


def _read(raw: object) -> tuple[Stroke, ...]:
    """Keep only well-formed points: what a browser sends is not to be trusted."""
    strokes: list[Stroke] = []
    left = _MAX_POINTS
    for line in raw[:_MAX_STROKES] if isinstance(raw, list) else []:
        points = line[:left] if isinstance(line, list) else []
        stroke = tuple((float(point[0]), float(point[1])) for point in points if _is_point(point))
        left -= len(stroke)
        if stroke:
            strokes.append(stroke)
    return tuple(strokes)


def _is_point(point: object) -> bool:
    """Whether this is [x, y], both 0..1; no comparison holds for what is not a number."""
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(part, int | float) and 0 <= part <= 1 for part in point)
    )
