"""On what a figure was measured. Never a host name, a user name or a path: reports are published."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.devices import count_cores, read_cpu

_PACKAGES = ("streamlit", "torch")


def describe_machine() -> dict[str, Any]:
    """Return cores, memory, processor, system and the versions that matter."""
    return {
        "cpu": _read_cpu_name(),
        "cores": count_cores(),
        "memory_gb": round(read_cpu().total_bytes / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _read_version(name) for name in _PACKAGES},
    }


def _read_cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _read_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
