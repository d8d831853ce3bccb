"""Where the files that ship with Vitrine are: models, words, recordings, brand.

Owns one fact, the folder. In a checkout it is ``assets/`` beside ``core/``; in an installed wheel it is
``vitrine_assets/`` beside ``core/``. Knows nothing about what is in it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def get_assets_dir() -> Path:
    """Return the folder of shipped files.

    Raises:
        FileNotFoundError: neither folder is there; the installation is broken.
    """
    beside = Path(__file__).resolve().parent.parent
    for name in ("assets", "vitrine_assets"):
        folder = beside / name
        if (folder / "content").is_dir():
            return folder
    raise FileNotFoundError(f"no assets folder beside {beside / 'core'}")
