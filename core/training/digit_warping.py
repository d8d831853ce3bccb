"""Other people's handwriting from the handwriting we have: digits bent as hands bend them.

Owns the way from an 8x8 digit to a 32x32 black-and-white scan, a warp of that scan, and back to 8x8 by
counting dots, as the data set was made. Warping at 32x32 matters: at 8x8 a stroke is one pixel wide, and
turning it only blurs it. Knows no network. Sources: elastic distortions, Simard, Steinkraus and Platt,
"Best practices for convolutional neural networks applied to visual document analysis", ICDAR 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor

SCAN_SIZE = 32
BLOCK = 4  # dots of the scan, each way, to one pixel of the digit


@dataclass(frozen=True, slots=True)
class WarpConfig:
    """How far a digit may be bent. Angles in degrees, lengths as a share of the picture's half side."""

    probability: float = 0.9
    rotation: float = 12.0
    shear: float = 0.25
    scale: float = 0.12
    shift: float = 0.06
    elastic: float = 0.10
    elastic_grid: int = 5
    """Control points of the elastic field, each way: fewer bend the digit as a whole, more make it shiver."""
    thickness: float = 0.18
    """How far the ink level moves: down gives a thicker stroke, up a thinner one."""
    renormalise: float = 0.7
    """How often the bent digit is stretched to the full height again, as every digit of the data set is."""


def to_scans(pictures: Tensor) -> Tensor:
    """Guess the scan behind each digit: (n, 8, 8) in 0..1 -> (n, 1, 32, 32) of zeros and ones.

    Within each 4x4 block exactly the counted number of dots is ink: those where a smooth enlargement of the
    neighbourhood is darkest. So ``to_pictures(to_scans(x)) == x`` for pictures in sixteenths.
    """
    import torch
    from torch.nn import functional as F

    counts = (pictures[:, None] * BLOCK * BLOCK).round()  # (n, 1, 8, 8)
    smooth = F.interpolate(pictures[:, None], scale_factor=BLOCK, mode="bicubic", align_corners=False)
    scan = smooth
    for _ in range(3):  # each round smooths the outline that the last one found
        blocks = F.pixel_unshuffle(smooth, BLOCK)  # (n, 16, 8, 8): the dots of a block are channels
        rank = blocks.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
        scan = F.pixel_shuffle((rank < counts).to(torch.float32), BLOCK)
        smooth = _blur(scan) + 1e-3 * smooth
    return scan


def to_pictures(scans: Tensor) -> Tensor:
    """Count the ink of each 4x4 block: (n, 1, 32, 32) -> (n, 8, 8) in 0..1."""
    from torch.nn import functional as F

    return F.avg_pool2d(scans, BLOCK)[:, 0]


def warp_scans(scans: Tensor, config: WarpConfig, generator: Generator) -> Tensor:
    """Bend each scan by its own random amount; same shape, zeros and ones again."""
    import torch
    from torch.nn import functional as F

    n = len(scans)

    def between(low: float, high: float) -> Tensor:
        return torch.rand(n, generator=generator) * (high - low) + low

    is_bent = (torch.rand(n, generator=generator) < config.probability).float()
    angle = torch.deg2rad(between(-config.rotation, config.rotation)) * is_bent
    shear = between(-config.shear, config.shear) * is_bent
    scale_x = torch.exp(between(-config.scale, config.scale) * is_bent)
    scale_y = torch.exp(between(-config.scale, config.scale) * is_bent)
    cos, sin = torch.cos(angle), torch.sin(angle)
    # rotation x shear x scale, as a 2x3 matrix for each picture
    theta = torch.stack(
        [
            torch.stack(
                [
                    cos * scale_x,
                    (cos * shear - sin) * scale_y,
                    between(-config.shift, config.shift) * is_bent,
                ],
                1,
            ),
            torch.stack(
                [
                    sin * scale_x,
                    (sin * shear + cos) * scale_y,
                    between(-config.shift, config.shift) * is_bent,
                ],
                1,
            ),
        ],
        1,
    )
    grid = F.affine_grid(theta, [n, 1, SCAN_SIZE, SCAN_SIZE], align_corners=False)
    points = config.elastic_grid
    field = (
        torch.randn(n, 2, points, points, generator=generator) * config.elastic * is_bent[:, None, None, None]
    )
    bend = F.interpolate(field, size=(SCAN_SIZE, SCAN_SIZE), mode="bicubic", align_corners=True)
    soft = F.grid_sample(_blur(scans), grid + bend.permute(0, 2, 3, 1), align_corners=False)
    level = 0.5 + between(-config.thickness, config.thickness) * is_bent
    inked = (soft > level[:, None, None, None]).float()

    is_stretched = torch.rand(n, generator=generator) < config.renormalise
    stretched = (
        F.grid_sample(soft, _full_height_grid(inked), align_corners=False) > level[:, None, None, None]
    ).float()
    warped = torch.where(is_stretched[:, None, None, None], stretched, inked)
    # a very thin stroke can vanish below the ink level: such a digit stays as it was
    has_ink = warped.sum(dim=(1, 2, 3)) >= 0.4 * scans.sum(dim=(1, 2, 3))
    return torch.where((has_ink & is_bent.bool())[:, None, None, None], warped, scans)


def _blur(scans: Tensor) -> Tensor:
    """Smooth each scan with a 5x5 binomial window, so that an outline can move by less than a dot."""
    import torch
    from torch.nn import functional as F

    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
    return F.conv2d(scans, torch.outer(row, row)[None, None], padding=2)


def _full_height_grid(scans: Tensor) -> Tensor:
    """Return a sampling grid that stretches the ink of each scan to full height and centres it sideways."""
    import torch
    from torch.nn import functional as F

    n, size = len(scans), scans.shape[-1]
    edges = torch.linspace(-1, 1, size + 1)

    def extent(has_ink: Tensor) -> tuple[Tensor, Tensor]:  # (n, size) -> first and last edge, in -1..1
        first = has_ink.float().argmax(dim=1)
        last = size - has_ink.flip(1).float().argmax(dim=1)
        return edges[first], edges[last]

    top, bottom = extent(scans.amax(dim=(1, 3)) > 0)
    left, right = extent(scans.amax(dim=(1, 2)) > 0)
    half = ((bottom - top) / 2).clamp(min=0.5)
    zero = torch.zeros(n)
    # the side is scaled only if the digit would otherwise not fit: width keeps its proportion
    half_x = torch.maximum(torch.ones(n), (right - left) / 2)
    theta = torch.stack(
        [
            torch.stack([half_x, zero, (left + right) / 2], 1),
            torch.stack([zero, half, (top + bottom) / 2], 1),
        ],
        1,
    )
    return F.affine_grid(theta, [n, 1, size, size], align_corners=False)
