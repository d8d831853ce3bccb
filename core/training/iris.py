"""How ``iris-classifier`` and ``iris-generator`` were made.

Owns both recipes. Every choice is made by cross-validation inside the 105 training flowers; the 45 test
flowers are scored once, at the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.data.datasets import TableDataset, load_iris
from core.generators import tabular as generator_form
from core.predictors import tabular as classifier_form
from core.training.cards import Card, Metric, TrainingData, to_json, write_model
from core.training.evaluation import bootstrap_interval, wilson_interval
from core.training.recipes import OnProgress, TrainingProgress

SEED = 0
NUM_FOLDS = 5
NUM_REPEATS = 4
NUM_SAMPLES = 1000
NUM_COMPONENTS = (1, 2, 3)
REGULARISATION = 1e-3
"""Added to each variance, in square centimetres: about what rounding to 0.1 cm already adds (0.1^2 / 12)."""


def train_classifier(out_dir: Path, on_progress: OnProgress) -> Path:
    """Choose a classifier by log loss, calibrate it, score it once, write its folder; return the folder.

    Calibration is by one temperature, fitted on cross-validated scores (``ensemble=False``: one classifier
    is shipped, so one score can be explained later).
    """
    from sklearn.metrics import log_loss
    from skops import io

    data = load_iris()
    train, test = data.split.train, data.split.test
    candidates = _list_candidates()
    losses: dict[str, float] = {}
    for step, (name, estimator) in enumerate(candidates.items(), start=1):
        losses[name] = _cross_validate(estimator, data.X[train], data.y[train])
        on_progress(
            TrainingProgress("iris-classifier", "validate", step, len(candidates), {name: losses[name]})
        )
    chosen = min(losses, key=lambda name: losses[name])
    estimator = candidates[chosen].fit(data.X[train], data.y[train])

    probs = estimator.predict_proba(data.X[test])
    hits = int((probs.argmax(axis=1) == data.y[test]).sum())
    low, high = wilson_interval(hits, len(test))
    row_losses = -np.log(probs[np.arange(len(test)), data.y[test]])
    loss_low, loss_high = bootstrap_interval(row_losses, _mean, seed=SEED)
    metrics = [
        Metric("accuracy", hits / len(test), low, high, len(test), "test", "scored once; Wilson 95 %"),
        Metric(
            "log_loss",
            float(log_loss(data.y[test], probs)),
            loss_low,
            loss_high,
            len(test),
            "test",
            "scored once; bootstrap 95 %",
        ),
        Metric(
            "log_loss",
            losses[chosen],
            None,
            None,
            len(train),
            "validation",
            f"{NUM_REPEATS} x {NUM_FOLDS}-fold cross-validation; best of {', '.join(candidates)}",
        ),
    ]
    config = {
        "features": [
            {"name": name, "unit": unit, "lowest": 0.0, "highest": float(np.ceil(2 * column.max()))}
            for name, unit, column in zip(data.feature_names, data.units, data.X[train].T, strict=True)
        ],
        "labels": list(data.label_names),
    }
    card = Card(
        model_id="iris-classifier",
        task="tabular-classification",
        dataset=data.dataset_id,
        summary="Says from four lengths in centimetres which of three kinds of iris a flower is.",
        num_parameters=_count_classifier_parameters(data),
        data=TrainingData.of(data),
        recipe="iris-classifier",
        seed=SEED,
        metrics=metrics,
        limits=[
            "It knows three kinds of iris. Shown any other flower, it still names one of the three.",
            "Versicolor and virginica look alike; most of its mistakes are between these two.",
            "It learned from 105 flowers, measured by one person in the 1930s.",
            "The score comes from 45 flowers only, so the true one may be several percent away.",
        ],
        built_with=("scikit-learn", "skops", "numpy"),
    )
    on_progress(TrainingProgress("iris-classifier", "evaluate", 1, 1, {"accuracy": hits / len(test)}))
    files = {
        classifier_form.CONFIG_FILE: to_json(config),
        classifier_form.MODEL_FILE: io.dumps(estimator),
    }
    return write_model(out_dir, card, files)


def train_generator(out_dir: Path, on_progress: OnProgress) -> Path:
    """Choose each species' number of Gaussians by held-out likelihood, fit, measure; return the folder."""
    from sklearn.mixture import GaussianMixture
    from sklearn.model_selection import RepeatedKFold
    from skops import io

    data = load_iris()
    train, test = data.split.train, data.split.test
    mixtures: dict[str, Any] = {}
    log_likelihood = 0.0
    for label_id, label in enumerate(data.label_names):
        X = data.X[train][data.y[train] == label_id]
        folds = list(RepeatedKFold(n_splits=NUM_FOLDS, n_repeats=NUM_REPEATS, random_state=SEED).split(X))

        def build(num_components: int) -> GaussianMixture:
            return GaussianMixture(num_components, reg_covar=REGULARISATION, n_init=5, random_state=SEED)

        scores = {
            k: float(np.mean([build(k).fit(X[a]).score(X[b]) for a, b in folds])) for k in NUM_COMPONENTS
        }
        best = max(scores, key=lambda k: scores[k])
        log_likelihood += scores[best] / len(data.label_names)
        mixtures[label] = build(best).fit(X)
        on_progress(
            TrainingProgress(
                "iris-generator", "validate", label_id + 1, len(data.label_names), {label: scores[best]}
            )
        )

    shares = np.bincount(data.y[train]) / len(train)
    config = {
        "feature_names": list(data.feature_names),
        "units": list(data.units),
        "resolution": list(data.resolution),
        "labels": list(data.label_names),
        "class_shares": [float(share) for share in shares],
    }
    made = _draw_rows(mixtures, config, NUM_SAMPLES)
    copies = _count_copies(made, data.X[train])
    copies_low, copies_high = wilson_interval(copies, len(made))
    real_copies = _count_copies(data.X[test], data.X[train])
    real_low, real_high = wilson_interval(real_copies, len(test))
    metrics = [
        Metric(
            "log_likelihood",
            log_likelihood,
            None,
            None,
            len(train),
            "validation",
            f"nats per flower, mean over species, {NUM_REPEATS} x {NUM_FOLDS}-fold cross-validation",
        ),
        Metric(
            "exact_copy_share",
            copies / len(made),
            copies_low,
            copies_high,
            len(made),
            "generated",
            "made rows that equal a training row to the last digit; seeds 0 to 999, none left out",
        ),
        Metric(
            "exact_copy_share_of_real",
            real_copies / len(test),
            real_low,
            real_high,
            len(test),
            "test",
            "for comparison: real test flowers that equal a training row to the last digit",
        ),
    ]
    card = Card(
        model_id="iris-generator",
        task="tabular-generation",
        dataset=data.dataset_id,
        summary="Makes up the four lengths of a new iris flower of the kind you ask for.",
        num_parameters=sum(_count_mixture_parameters(mixture) for mixture in mixtures.values()),
        data=TrainingData.of(data),
        recipe="iris-generator",
        seed=SEED,
        metrics=metrics,
        limits=[
            "The flowers it makes do not exist. They only have the same statistics as the real ones.",
            "It learned from 35 flowers of each kind, so rare shapes are missing.",
            "Lengths are rounded to 0.1 cm, as real ones were. So a made flower may equal a real one.",
            "It assumes bell-shaped spread. Real flowers are a little less regular.",
        ],
        built_with=("scikit-learn", "skops", "numpy"),
    )
    on_progress(
        TrainingProgress("iris-generator", "evaluate", 1, 1, {"exact_copy_share": copies / len(made)})
    )
    files = {
        generator_form.CONFIG_FILE: to_json(config),
        generator_form.MODEL_FILE: io.dumps(mixtures),
    }
    return write_model(out_dir, card, files)


def _list_candidates() -> dict[str, Any]:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    estimators = {
        "logistic regression": LogisticRegression(C=10, max_iter=1000),
        "linear discriminant analysis": LinearDiscriminantAnalysis(),
        "support vector machine": SVC(C=10, gamma=cast("Any", 0.1)),
    }
    return {
        name: CalibratedClassifierCV(
            make_pipeline(StandardScaler(), estimator),
            method="temperature",
            ensemble=cast("Any", False),
            cv=NUM_FOLDS,
        )
        for name, estimator in estimators.items()
    }


def _cross_validate(estimator: Any, X: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score

    folds = RepeatedStratifiedKFold(n_splits=NUM_FOLDS, n_repeats=NUM_REPEATS, random_state=SEED)
    return -float(cross_val_score(estimator, X, y, cv=folds, scoring="neg_log_loss").mean())


def _draw_rows(mixtures: dict[str, Any], config: dict[str, Any], num: int) -> NDArray[np.float64]:
    """Draw ``num`` rows of any class through the very class that visitors use, seeds 0, 1, 2 ..."""
    from core.requests import GenerateRequest
    from core.results import GeneratedRows
    from core.specs import Message, ModelSpec, Placement

    spec = ModelSpec("iris-generator", "tabular-generation", "iris", "")
    model = generator_form.MixtureGenerator(
        spec, Placement("cpu", "float64", Message("recipe")), mixtures, config
    )
    (made,) = model.generate(GenerateRequest("iris-generator", num=num))
    rows = cast("GeneratedRows", made).rows
    return np.array([[value for _, value in row.values] for row in rows])


def _count_copies(rows: NDArray[np.float64], real: NDArray[np.float64]) -> int:
    known = {tuple(np.round(row, 6)) for row in real}
    return sum(tuple(np.round(row, 6)) in known for row in rows)


def _count_classifier_parameters(data: TableDataset) -> int:
    # for each species a weight for every feature and an offset; and the temperature
    return len(data.label_names) * (len(data.feature_names) + 1) + 1


def _count_mixture_parameters(mixture: Any) -> int:
    num_parts, num_features = mixture.means_.shape
    return num_parts * (num_features + num_features * (num_features + 1) // 2) + num_parts - 1


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean())
