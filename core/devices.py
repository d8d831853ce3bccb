"""Where a model runs, with which numbers, and why in words.

Owns what this machine has (``read_inventory``) and the decision (``choose_placement``), which always carries
its reason. Knows nothing about loading or running: it looks at a spec and an inventory, so every case can be
tested on a machine that has no graphics card at all. torch is asked only when a model needs it.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.specs import Device, Message, ModelSpec, Placement

WORKSPACE_BYTES = 512 * 1024**2
"""What a graphics card needs besides the weights: its own libraries, and the numbers between two layers."""

_GIGABYTE = 1e9
_BYTES_PER_NUMBER = {"float32": 4, "float16": 2, "bfloat16": 2}
_WORDS = {"float32": "exact", "float16": "half", "bfloat16": "half"}


@dataclass(frozen=True, slots=True)
class Inventory:
    """What this machine can compute on. The processor is always there; ``accelerators`` may be empty."""

    cpu: Device
    accelerators: tuple[Device, ...] = ()


def needs_torch(spec: ModelSpec) -> bool:
    """Whether loading this model imports torch; the bundled models of tables are scikit-learn's."""
    return not (spec.source == "bundled" and spec.task.startswith("tabular-"))


def choose_placement(spec: ModelSpec, inventory: Inventory | None = None) -> Placement:
    """Choose where a model runs: on the graphics card with the most free memory, else on the processor.

    Bundled networks compute in float32 everywhere: they are so small that half precision gains nothing, and
    their answers must agree on every machine. ``inventory=None`` reads this machine's, if the choice depends
    on it.
    """
    if not needs_torch(spec):
        return Placement("cpu", "float32", Message("devices.table"))
    inventory = inventory or read_inventory()
    if not inventory.accelerators:
        return Placement("cpu", "float32", Message("devices.none"))
    # The first of several with equally much free memory: max keeps it.
    best = max(inventory.accelerators, key=lambda device: device.free_bytes)
    dtype = _choose_dtype(spec, best)
    needed_bytes = spec.num_parameters * _BYTES_PER_NUMBER[dtype] + WORKSPACE_BYTES
    count = len(inventory.accelerators)
    values = {
        "count": count,
        "device": best.name,
        "free_gb": best.free_bytes / _GIGABYTE,
        "needed_gb": needed_bytes / _GIGABYTE,
    }
    if needed_bytes > best.free_bytes:
        return Placement("cpu", "float32", Message("devices.full", values))
    where = "shared" if best.kind == "mps" else "card"
    return Placement(best.torch_name, dtype, Message(f"devices.{where}-{_WORDS[dtype]}", values))


def _choose_dtype(spec: ModelSpec, device: Device) -> str:
    if spec.source == "bundled":
        return "float32"
    return "bfloat16" if device.has_native_bf16 else "float16"


def read_inventory() -> Inventory:
    """Ask this machine what it has. Imports torch."""
    import torch

    accelerators: list[Device] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free_bytes, total_bytes = torch.cuda.mem_get_info(index)
            # Compute capability 8.0 (Ampere) is the first with bfloat16 units; older cards emulate it slowly.
            has_bf16 = torch.cuda.get_device_capability(index) >= (8, 0) or torch.version.hip is not None
            name = torch.cuda.get_device_name(index)
            accelerators.append(Device("cuda", index, name, total_bytes, free_bytes, has_bf16))
    if torch.xpu.is_available():
        accelerators.extend(_read_xpu(torch, index) for index in range(torch.xpu.device_count()))
    if torch.backends.mps.is_available():
        total_bytes = int(torch.mps.recommended_max_memory())
        free_bytes = total_bytes - int(torch.mps.driver_allocated_memory())
        accelerators.append(Device("mps", 0, "Apple GPU", total_bytes, free_bytes))
    return Inventory(read_cpu(), tuple(accelerators))


def _read_xpu(torch: Any, index: int) -> Device:
    properties = torch.xpu.get_device_properties(index)
    total_bytes = int(properties.total_memory)
    free_bytes = total_bytes - int(torch.xpu.memory_reserved(index))
    return Device("xpu", index, str(properties.name), total_bytes, free_bytes, has_native_bf16=True)


def read_cpu() -> Device:
    """Ask the operating system about the processor and its memory, within the limits of a container."""
    total_bytes, free_bytes = _read_memory()
    return Device("cpu", 0, platform.processor() or platform.machine(), total_bytes, free_bytes)


def count_cores() -> int:
    """Return how many processor cores this process may use; a container can have fewer than there are."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read_text("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def read_process_bytes() -> int:
    """Return how much memory this process holds now (RSS); 0 where the system does not say."""
    fields = _read_text("/proc/self/statm").split()
    if fields:
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource  # not on Windows
    except ImportError:
        return 0
    return int(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    )  # macOS: in bytes, and the most it ever was


def _read_memory() -> tuple[int, int]:
    """Return (total, free) bytes; (0, 0) where the system does not say."""
    lines = [line.split() for line in _read_text("/proc/meminfo").splitlines()]
    meminfo = {line[0].rstrip(":"): int(line[1]) * 1024 for line in lines if len(line) > 1}
    if not meminfo:
        if not hasattr(os, "sysconf"):
            return 0, 0
        total_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return total_bytes, total_bytes
    total_bytes, free_bytes = meminfo["MemTotal"], meminfo["MemAvailable"]
    limit = _read_text("/sys/fs/cgroup/memory.max").strip()
    if limit.isdigit() and int(limit) < total_bytes:
        used_bytes = int(_read_text("/sys/fs/cgroup/memory.current").strip() or 0)
        total_bytes, free_bytes = int(limit), min(free_bytes, int(limit) - used_bytes)
    return total_bytes, free_bytes


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""
