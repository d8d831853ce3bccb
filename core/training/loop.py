"""The procedure that finds a network's parameters: one loop for every network recipe.

Owns optimisation, the moving average of the weights, checkpoints and going on from them. Knows neither data
nor task: a recipe hands over how to build the network and how to draw a loss.

A run that is cut off and goes on ends with the very same weights as one that is not: the checkpoint holds
weights, average, optimiser, step and the state of both random generators. It is one safetensors file;
nothing is ever pickled.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from core.training.cards import write_atomically

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn
    from torch.optim import Optimizer

DrawLoss = Callable[["nn.Module", "Generator"], "Tensor"]
"""Draw a batch with this random generator and return the network's loss on it."""

OnStep = Callable[[int, float], None]
"""Hears (steps done, mean loss since it last heard)."""


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How a network is trained: AdamW (Loshchilov & Hutter, 2019), a warm-up, then a cosine down."""

    num_steps: int
    learning_rate: float
    weight_decay: float
    ema_decay: float
    """How slowly the average of the weights, which is what ships, follows the weights themselves."""
    warmup_steps: int = 100
    final_rate_share: float = 0.05
    max_grad_norm: float = 1.0
    seed: int = 0
    num_threads: int = 1
    """Fixed, because the order in which threads add up changes the last digits."""
    checkpoint_every_s: float = 600.0
    report_every: int = 50


def fit(
    build: Callable[[], nn.Module],
    draw_loss: DrawLoss,
    config: FitConfig,
    checkpoint: Path,
    on_step: OnStep,
) -> nn.Module:
    """Train a network and return the moving average of its weights, ready to be asked.

    Goes on from ``checkpoint`` if that file is there and was written with the same config; writes it every
    ``checkpoint_every_s`` and at the end. Whatever ``on_step`` raises stops the training; what was saved
    stays.
    """
    import torch

    with _fixed_threads(config.num_threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        generator = torch.Generator().manual_seed(config.seed)
        network = build().train()
        average = deepcopy(network).eval().requires_grad_(False)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        step = _restore(checkpoint, config, network, average, optimizer, generator)
        last_saved, losses = monotonic(), []
        while step < config.num_steps:
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * rate_share(step, config)
            loss = draw_loss(network, generator)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.max_grad_norm)
            optimizer.step()
            step += 1
            # young averages follow fast, or they would remember the random start
            _follow(average, network, min(config.ema_decay, (1 + step) / (10 + step)))
            losses.append(float(loss.detach()))
            is_last = step == config.num_steps
            if is_last or monotonic() - last_saved >= config.checkpoint_every_s:
                _save(checkpoint, config, network, average, optimizer, generator, step)
                last_saved = monotonic()
            if is_last or step % config.report_every == 0:
                on_step(step, sum(losses) / len(losses))
                losses = []
        return average


def rate_share(step: int, config: FitConfig) -> float:
    """Return the learning rate at a step, as a share of the highest one."""
    warmth = min(1.0, (step + 1) / config.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * step / config.num_steps))
    return warmth * (config.final_rate_share + (1 - config.final_rate_share) * cosine)


def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move every number of the average a little towards the network's; counters are copied."""
    import torch

    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)


@contextmanager
def _fixed_threads(num_threads: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _save(
    path: Path,
    config: FitConfig,
    network: nn.Module,
    average: nn.Module,
    optimizer: Optimizer,
    generator: Generator,
    step: int,
) -> None:
    import torch
    from safetensors.torch import save

    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    tensors["random.global"] = torch.get_rng_state()
    tensors["random.own"] = generator.get_state()
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"config": json.dumps(asdict(config)), "step": str(step)}
    write_atomically(path, save({name: value.contiguous() for name, value in tensors.items()}, metadata))


def _restore(
    path: Path,
    config: FitConfig,
    network: nn.Module,
    average: nn.Module,
    optimizer: Optimizer,
    generator: Generator,
) -> int:
    """Put everything back as it was and return the number of steps done; 0 if there is no such run."""
    import torch
    from safetensors import safe_open

    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        if json.loads(metadata["config"]) != asdict(config):
            return 0  # another run's: it would be a lie to go on from it
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping

    def part(prefix: str) -> dict[str, Tensor]:
        return {
            name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)
        }

    network.load_state_dict(part("network."))
    average.load_state_dict(part("average."))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in part("optimizer.").items():
        index, _, field = name.partition(".")
        state.setdefault(int(index), {})[field] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    torch.set_rng_state(tensors["random.global"])
    generator.set_state(tensors["random.own"])
    return int(metadata["step"])
