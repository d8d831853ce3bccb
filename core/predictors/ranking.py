"""From probabilities to an answer. Owns the order in which labels are named; knows no model."""

from __future__ import annotations

from collections.abc import Sequence

from core.results import Classification, LabelScore


def rank_labels(labels: Sequence[str], probs: Sequence[float]) -> Classification:
    """Put labels and probabilities together, the most likely first; ties stay in the order of the labels."""
    scores = [LabelScore(label, float(prob)) for label, prob in zip(labels, probs, strict=True)]
    return Classification(tuple(sorted(scores, key=lambda score: -score.prob)))
