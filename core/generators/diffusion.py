"""Makes small grey pictures out of noise, a class at a time, with a denoising diffusion network.

Owns the network's form (shared by the recipe that trains it and the class that runs it), how it is opened
and the loop that turns noise into pictures. Knows no data set: sizes, labels and steps come from the
model's ``config.json``.

Sources: J. Ho, A. Jain and P. Abbeel, "Denoising Diffusion Probabilistic Models", 2020; T. Salimans and J.
Ho, "Progressive Distillation for Fast Sampling of Diffusion Models", 2022 (the network predicts v); J. Ho
and T. Salimans, "Classifier-Free Diffusion Guidance", 2022; C. Lu et al., "DPM-Solver++", 2022 (few steps).
Network and scheduler are diffusers'.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from core.contracts import ModelFiles
from core.errors import InputError, ModelFileError
from core.generators.limits import check_request
from core.requests import GenerateRequest, Picture
from core.results import DenoisingStep, GeneratedPicture, GeneratedPictures, GeneratedRows
from core.specs import ModelSpec, Placement

if TYPE_CHECKING:
    from diffusers.models.unets.unet_2d import UNet2DModel
    from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
    from torch import Tensor

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"

MAX_PICTURES = 64
MAX_STEPS = 100
MAX_GUIDANCE = 10.0


def build_network(config: Mapping[str, Any]) -> UNet2DModel:
    """Build diffusers' UNet that ``config["network"]`` describes, with random weights."""
    from diffusers.models.unets.unet_2d import UNet2DModel

    return UNet2DModel(**config["network"])


def build_scheduler(config: Mapping[str, Any]) -> DPMSolverMultistepScheduler:
    """Build the scheduler that walks from noise to picture. It counts steps: every run needs its own."""
    from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(**config["scheduler"])


class DiffusionGenerator:
    """A class-conditional diffusion model; keeps ``core.contracts.Generator``."""

    def __init__(
        self, spec: ModelSpec, placement: Placement, module: UNet2DModel, config: Mapping[str, Any]
    ) -> None:
        self.spec = spec
        self.placement = placement
        self.module = module
        self.config = config
        self.labels: tuple[str, ...] = tuple(config["labels"])

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, placement: Placement) -> Self:
        """Build the network, fill it with its verified weights and put it in its place.

        Raises:
            ModelFileError: a file is missing or not the published one, or the weights do not fit the
                network; key ``model-file-broken``.
        """
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load

        config = json.loads(files.read(CONFIG_FILE))
        module: Any = build_network(config)  # diffusers' own ``to`` hides its signature
        try:
            module.load_state_dict(load(files.read(WEIGHTS_FILE)))
        except (SafetensorError, RuntimeError) as error:
            raise ModelFileError("model-file-broken", model_id=spec.model_id, file=WEIGHTS_FILE) from error
        module.to(placement.device)
        if placement.dtype != "float32":  # diffusers warns about every cast, even one that changes nothing
            module.to(dtype=getattr(torch, placement.dtype))
        return cls(spec, placement, module.eval().requires_grad_(False), config)

    def generate(
        self, request: GenerateRequest
    ) -> Iterator[DenoisingStep | GeneratedRows | GeneratedPictures]:
        """Yield the pictures after each step, from pure noise (step 0) on, and last the finished ones.

        Picture i depends on (label, seed + i, steps, guidance) alone: its noise comes from its own random
        generator, and the way from noise to picture holds no chance. The same seed with another label
        starts from the same noise. Whoever stops iterating stops the work after the step in progress.

        Raises:
            InputError: keys ``label-unknown``, ``num-out-of-range``, ``seed-out-of-range``,
                ``steps-out-of-range``, ``guidance-out-of-range``.
        """
        import torch

        num_steps, guidance = self._check(request)
        seeds = [request.seed + i for i in range(request.num)]
        labels = [request.label or self._label_by_chance(seed) for seed in seeds]
        scheduler = build_scheduler(self.config)
        scheduler.set_timesteps(num_steps)
        latents = self._noise(seeds) * scheduler.init_noise_sigma  # (n, 1, height, width), float32
        yield DenoisingStep(0, num_steps, to_pictures(latents))
        for step, timestep in enumerate(scheduler.timesteps, start=1):
            # inference_mode ends before each yield: it must not leak to whoever iterates
            with torch.inference_mode():
                noise_pred = self._predict(latents, int(timestep), labels, guidance)
                latents = scheduler.step(noise_pred, int(timestep), latents, return_dict=False)[0]
            yield DenoisingStep(step, num_steps, to_pictures(latents))
        finished = zip(labels, seeds, to_pictures(latents), strict=True)
        yield GeneratedPictures(
            tuple(GeneratedPicture(label, seed, picture) for label, seed, picture in finished)
        )

    def _check(self, request: GenerateRequest) -> tuple[int, float]:
        check_request(request, self.labels, MAX_PICTURES)
        num_steps = request.num_inference_steps
        if num_steps is None:
            num_steps = int(self.config["num_inference_steps"])
        if not 1 <= num_steps <= MAX_STEPS:
            raise InputError("steps-out-of-range", steps=num_steps, highest=MAX_STEPS)
        guidance = request.guidance_scale
        if guidance is None:
            guidance = float(self.config["guidance_scale"])
        if not 0 <= guidance <= MAX_GUIDANCE:  # also refuses NaN
            raise InputError("guidance-out-of-range", highest=MAX_GUIDANCE)
        return num_steps, guidance

    def _label_by_chance(self, seed: int) -> str:
        import numpy as np

        return self.labels[
            np.random.default_rng(seed).choice(len(self.labels), p=self.config["class_shares"])
        ]

    def _noise(self, seeds: list[int]) -> Tensor:
        import torch

        network = self.config["network"]
        shape = (network["in_channels"], network["sample_size"], network["sample_size"])
        # drawn on the CPU, so that a seed means the same picture on every device
        each = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return torch.stack(each).to(self.placement.device)

    def _predict(self, latents: Tensor, timestep: int, labels: list[str], guidance: float) -> Tensor:
        """Return v for each picture: what the network says of the class, carried further by the guidance."""
        import torch

        dtype = getattr(torch, self.placement.dtype)
        classes = torch.tensor([self.labels.index(label) for label in labels], device=latents.device)
        if guidance == 1:  # exactly the class-conditional model: the other half would be multiplied by zero
            return self.module(latents.to(dtype), timestep, class_labels=classes).sample.float()
        unknown = torch.full_like(classes, self.config["null_class"])
        both = self.module(
            torch.cat([latents, latents]).to(dtype), timestep, class_labels=torch.cat([unknown, classes])
        ).sample.float()
        without, with_class = both.chunk(2)
        return without + guidance * (with_class - without)


def to_pictures(latents: Tensor) -> tuple[Picture, ...]:
    """Return (n, 1, height, width), -1 = paper and 1 = ink, as pictures in 0..1; the rest is cut off."""
    values = ((latents[:, 0].float().cpu() + 1) / 2).clamp(0, 1)
    return tuple(Picture(tuple(tuple(row) for row in picture)) for picture in values.tolist())
