"""How ``digits-convnet`` was made: a small residual network that reads handwritten digits.

Owns the recipe. Input side and strength of the elastic bending were compared by 4-fold cross-validation inside the
first 1,198 rows, with *contiguous* folds: the rows lie in the order of the writers, so the network is judged on hands
that it has not seen. Differences were small (1 to 2 %), so the longer training and the stronger dropout are judgement,
confirmed by the validation that this recipe runs. The last 599 rows (other writers again) are scored once, at the end.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.datasets import load_digits
from core.predictors.image import CONFIG_FILE, WEIGHTS_FILE, build_network, preprocess
from core.training.cards import Card, Metric, TrainingData, to_json, write_model
from core.training.digit_warping import WarpConfig, to_pictures, to_scans, warp_scans
from core.training.evaluation import bootstrap_interval, wilson_interval
from core.training.loop import FitConfig, fit
from core.training.recipes import OnProgress, TrainingProgress

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

RECIPE_ID = "digits-convnet"


@dataclass(frozen=True, slots=True)
class ConvnetConfig:
    """All that the recipe was free to choose."""

    channels: tuple[int, ...] = (32, 64, 128, 128)
    layers: tuple[int, ...] = (1, 1, 1, 1)
    side: int = 32
    drop_rate: float = 0.3
    label_smoothing: float = 0.05
    batch_size: int = 128
    num_folds: int = 4
    warp: WarpConfig = field(default_factory=lambda: WarpConfig(elastic=0.12, thickness=0.22))
    fit: FitConfig = field(
        default_factory=lambda: FitConfig(
            num_steps=1200, learning_rate=2e-3, weight_decay=0.05, ema_decay=0.995, warmup_steps=50
        )
    )


def train(out_dir: Path, on_progress: OnProgress, config: ConvnetConfig | None = None) -> Path:
    """Cross-validate, fit the temperature, train on all 1,198 rows, score the test once; return it."""
    import torch
    from safetensors.torch import save

    config = config or ConvnetConfig()
    data = load_digits()
    rows = torch.from_numpy(data.split.train.copy())
    X, y = torch.from_numpy(data.X.copy()), torch.from_numpy(data.y.copy())
    form = _describe_network(config, X[rows], data.label_names)
    checkpoints = out_dir / ".checkpoints" / RECIPE_ID

    folds = rows.tensor_split(config.num_folds)
    logits: list[Tensor] = []
    for number, held_out in enumerate(folds):
        others = torch.cat([fold for fold in folds if fold is not held_out])
        network = _fit(
            form, config, X[others], y[others], checkpoints / f"fold-{number}", on_progress, "validate"
        )
        logits.append(_read(network, X[held_out], form))
    validation_logits = torch.cat(logits)
    form["temperature"] = fit_temperature(validation_logits, y[rows])
    validation_metrics = _score(
        validation_logits,
        y[rows],
        form["temperature"],
        "validation",
        f"{config.num_folds} contiguous folds of the first 1,198 rows; the temperature was fitted here",
    )
    values = {metric.name: metric.value for metric in validation_metrics}
    on_progress(TrainingProgress(RECIPE_ID, "validate", config.num_folds, config.num_folds, values))

    network = _fit(form, config, X[rows], y[rows], checkpoints / "final", on_progress, "train")
    test = torch.from_numpy(data.split.test.copy())
    test_logits = _read(network, X[test], form)
    metrics = [
        *_score(test_logits, y[test], form["temperature"], "test", "scored once, rows 1,199 to 1,797"),
        *validation_metrics,
    ]
    on_progress(TrainingProgress(RECIPE_ID, "evaluate", 1, 1, {"accuracy": metrics[0].value}))
    card = Card(
        model_id="digits-convnet",
        task="image-classification",
        dataset=data.dataset_id,
        summary="Says which digit from 0 to 9 a small grey picture shows.",
        num_parameters=sum(parameter.numel() for parameter in network.parameters()),
        data=TrainingData.of(data),
        recipe=RECIPE_ID,
        seed=config.fit.seed,
        metrics=metrics,
        limits=[
            "It knows ten digits. Shown a letter or a cat, it still names a digit.",
            "It learned from about nine people. A way of writing that none of them used can fool it.",
            "It sees 8 by 8 pixels only; fine strokes are gone before it looks.",
            "A 1 with a foot, as some people write it, can be read as a 2: it saw nearly none.",
        ],
        built_with=("torch", "timm", "safetensors", "scikit-learn", "numpy"),
    )
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    folder = write_model(out_dir, card, {CONFIG_FILE: to_json(form), WEIGHTS_FILE: save(weights)})
    shutil.rmtree(checkpoints)
    return folder


def fit_temperature(logits: Tensor, y: Tensor) -> float:
    """Return the temperature that makes held-out probabilities truest (least log loss), to two decimals."""
    import torch
    from torch.nn import functional as F

    candidates = torch.arange(0.2, 3.0, 0.01).tolist()
    losses = [float(F.cross_entropy(logits.double() / candidate, y)) for candidate in candidates]
    return round(candidates[losses.index(min(losses))], 2)


def calibration_error(probs: Tensor, y: Tensor, num_bins: int = 10) -> float:
    """Return the expected calibration error: how far "90 % sure" is from being right 90 % of the time."""
    import torch

    sure, guess = probs.max(dim=1)
    is_right = (guess == y).double()
    bins = (sure * num_bins).long().clamp(max=num_bins - 1)
    gaps = [
        (bins == b).double().mean() * (is_right[bins == b].mean() - sure[bins == b].mean()).abs()
        for b in bins.unique()
    ]
    return float(torch.stack(gaps).sum())


def _describe_network(config: ConvnetConfig, pictures: Tensor, labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "labels": list(labels),
        "input_size": list(pictures.shape[1:]),
        "mean": round(float(pictures.mean()), 4),
        "std": round(float(pictures.std()), 4),
        "temperature": 1.0,
        "network": {
            "class": "timm.models.resnet.ResNet",
            "block": "BasicBlock",
            "channels": list(config.channels),
            "layers": list(config.layers),
            "side": config.side,
            "drop_rate": config.drop_rate,
        },
    }


def _fit(
    form: dict[str, Any],
    config: ConvnetConfig,
    X: Tensor,
    y: Tensor,
    checkpoint: Path,
    on_progress: OnProgress,
    stage: str,
) -> nn.Module:
    import torch
    from torch.nn import functional as F

    scans = to_scans(X)

    def draw_loss(network: nn.Module, generator: Generator) -> Tensor:
        chosen = torch.randint(len(X), (config.batch_size,), generator=generator)
        pictures = to_pictures(warp_scans(scans[chosen], config.warp, generator))
        logits = network(preprocess(pictures, form))
        return F.cross_entropy(logits, y[chosen], label_smoothing=config.label_smoothing)

    def on_step(step: int, loss: float) -> None:
        on_progress(TrainingProgress(RECIPE_ID, stage, step, config.fit.num_steps, {"loss": loss}))

    return fit(
        partial(build_network, form), draw_loss, config.fit, checkpoint.with_suffix(".safetensors"), on_step
    )


def _read(network: nn.Module, pictures: Tensor, form: dict[str, Any]) -> Tensor:
    import torch

    with torch.inference_mode():
        return network(preprocess(pictures, form)).double()


def _score(logits: Tensor, y: Tensor, temperature: float, split: str, note: str) -> list[Metric]:
    import torch

    probs = torch.softmax(logits / temperature, dim=1)
    hits = int((probs.argmax(dim=1) == y).sum())
    low, high = wilson_interval(hits, len(y))
    losses = -probs[torch.arange(len(y)), y].log()
    loss_low, loss_high = bootstrap_interval(losses.numpy(), lambda values: float(values.mean()), seed=0)
    return [
        Metric("accuracy", hits / len(y), low, high, len(y), split, f"{note}; Wilson 95 %"),
        Metric(
            "log_loss", float(losses.mean()), loss_low, loss_high, len(y), split, f"{note}; bootstrap 95 %"
        ),
        Metric("expected_calibration_error", calibration_error(probs, y), None, None, len(y), split, note),
    ]
