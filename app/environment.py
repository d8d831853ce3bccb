"""What the process environment must be before gradio, huggingface_hub or transformers is imported.

Owns the variables that keep those libraries quiet and local, the ones that they may not be started with, and
the folder for what they put on disk. Knows no library by import: most of them read these variables only once,
when they are imported, so ``app.server`` calls ``prepare_environment`` before anything else.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from core.errors import StartError

QUIET_AND_LOCAL: Mapping[str, str] = {
    "DIFFUSERS_DISABLE_REMOTE_CODE": "true",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",  # else pandas counts every event, for a page we shut
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_FLAGGING_MODE": "never",
    "GRADIO_MCP_SERVER": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "USE_HUB_KERNELS": "NO",
}
"""Set whatever the environment said before: a visitor's privacy is not a host's preference."""

REFUSED: tuple[str, ...] = ("GRADIO_VIBE_MODE", "GRADIO_LOCAL_DEV_MODE", "GRADIO_SHARE")
"""Vibe mode lets visitors run code, development mode drops the origin check, sharing opens a tunnel."""

LOWEST_PILLOW = 13
"""The first major version in which the critical decoder bugs of 12.3 are fixed (docs/adr/0002)."""

_OFF = frozenset({"", "0", "false", "no", "off"})


def prepare_environment() -> None:
    """Check what must not be, then set what must be. Twice does no harm.

    Raises:
        StartError: key ``variable-refused`` or ``pillow-old``.
    """
    refuse_unsafe(os.environ, _find_pillow_version())
    os.environ.update(QUIET_AND_LOCAL)
    if "VITRINE_GRADIO_FOLDER" not in os.environ:
        folder = tempfile.mkdtemp(prefix="vitrine-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["VITRINE_GRADIO_FOLDER"] = os.environ["GRADIO_TEMP_DIR"] = folder


def refuse_unsafe(environ: Mapping[str, str], pillow: str | None) -> None:
    """Raise if the process must not start like this.

    Raises:
        StartError: key ``variable-refused`` or ``pillow-old``.
    """
    for name in REFUSED:
        if environ.get(name, "").strip().lower() not in _OFF:
            raise StartError("variable-refused", name=name)
    if pillow is not None and int(pillow.split(".")[0]) < LOWEST_PILLOW:
        raise StartError("pillow-old", found=pillow, lowest=LOWEST_PILLOW)


def _find_pillow_version() -> str | None:
    try:
        return version("pillow")
    except PackageNotFoundError:
        return None
