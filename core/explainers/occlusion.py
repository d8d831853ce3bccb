"""Occlusion: hide a patch of the picture, ask again, and see how far the answer falls.

Source: M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section
4.2. The check is the deletion curve of V. Petsiuk, A. Das and K. Saenko, "RISE", BMVC 2018, against random
orders.

Owns the method, what stands where a patch is hidden, and the check. Knows no network: it asks whatever model
it is handed, in two calls. Two choices were measured on 100 test digits with the first weights that shipped
(area under the deletion curve, divided by that of random orders: 1 is chance, less is better):

* What hides a patch: the picture's own mean grey. Maps made with it also hold when the check hides in another
  way (0.64 on average over five other ways; paper 0.87, mid-grey 0.74), and hiding the two strongest patches
  makes the model more than 90 % sure of *another* digit in 6 % of pictures (paper 17 %, mid-grey 10 %): it takes
  away without drawing something new. It needs no training data, and unlike paper it can show that an empty place
  counts. Its limit: an even grey looks to the network like a digit too, so a picture of that digit gets a poor
  map. The check finds this, and the sentence says it.
* Patches of 2x2 pixels side by side (0.55). Overlapping ones or single pixels, averaged into the same patches,
  are not more faithful (0.57, 0.59), and would no longer mean what the score says: what hiding this patch does.

Scores are in log-odds, not in probability: a model that is 99.9 % sure loses next to no probability by any one patch,
and a map of such losses would be noise. The order of the patches, and so the check, is the same for both.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from typing import cast

from core.contracts import LoadedModel, Predictor
from core.errors import IncompatibleError, InputError
from core.requests import ExplainRequest, Picture, fingerprint
from core.results import Attribution, Classification, Faithfulness
from core.specs import ModelSpec

NUM_RANDOM_ORDERS = 20

_TINY = 1e-9

Patch = tuple[int, int]
"""(row, column) of a patch, counted in patches."""


def choose_patch_size(picture: Picture) -> int:
    """Return the side of a patch in pixels: 2 for small pictures, else for about 7x7 patches."""
    side = min(picture.shape)
    return max(1, min(2, side)) if side <= 16 else side // 7


def hide(picture: Picture, patches: Iterable[Patch], patch_size: int) -> Picture:
    """Return the picture with these patches replaced by its own mean grey."""
    height, width = picture.shape
    mean = sum(map(sum, picture.pixels)) / (height * width)
    hidden = set(patches)
    return Picture(
        tuple(
            tuple(
                mean if (y // patch_size, x // patch_size) in hidden else value for x, value in enumerate(row)
            )
            for y, row in enumerate(picture.pixels)
        )
    )


class Occlusion:
    """Keeps ``core.contracts.Explainer``."""

    method = "occlusion"

    def is_compatible(self, spec: ModelSpec) -> bool:
        """Say whether this method can explain that model: any that names a picture."""
        return spec.task == "image-classification"

    def explain(self, model: LoadedModel, request: ExplainRequest) -> Attribution:
        """Score every patch by hiding it, then hide them one after another to check the scores.

        Raises:
            IncompatibleError: key ``method-incompatible``.
            InputError: keys ``input-not-a-picture``, ``label-unknown``, and those of the model.
        """
        if not self.is_compatible(model.spec):
            raise IncompatibleError("method-incompatible", method=self.method, model_id=model.spec.model_id)
        predictor = cast("Predictor", model)
        picture = request.input
        if not isinstance(picture, Picture):
            raise InputError("input-not-a-picture", model_id=model.spec.model_id)
        if request.label is not None and request.label not in predictor.labels:
            raise InputError("label-unknown", label=request.label[:40], known=", ".join(predictor.labels))

        patch_size = choose_patch_size(picture)
        rows, columns = (-(-side // patch_size) for side in picture.shape)
        patches = [(row, column) for row in range(rows) for column in range(columns)]
        asked = _Hidings(predictor, picture, patch_size)

        # Neither the single patches nor the random orders depend on an answer: all of them in one call.
        orders = _draw_orders(patches, request)
        singles = [frozenset({patch}) for patch in patches]
        asked.ask([frozenset(), *singles, *(hidden for order in orders for hidden in _one_by_one(order))])
        classification = asked.answer(frozenset())
        label = request.label or classification.best.label
        prob = classification.prob_of(label)
        drops = [_log_odds(prob) - _log_odds(asked.answer(single).prob_of(label)) for single in singles]
        scores = tuple(tuple(drops[row * columns : (row + 1) * columns]) for row in range(rows))

        strongest_first = sorted(
            patches, key=lambda patch: -scores[patch[0]][patch[1]]
        )  # ties: reading order
        asked.ask(_one_by_one(strongest_first))
        curves = [asked.curve(order, label) for order in orders]
        faithfulness = Faithfulness(
            marked_first=asked.curve(strongest_first, label),
            at_random=tuple(sum(probs) / len(probs) for probs in zip(*curves, strict=True)),
            num_random_orders=len(orders),
        )
        return Attribution(
            method=self.method,
            label=label,
            prob=prob,
            scores=scores,
            patch_size=patch_size,
            picture=picture,
            classification=classification,
            num_model_calls=asked.count,
            faithfulness=faithfulness,
        )


class _Hidings:
    """What the model says to one picture with different patches hidden; nothing is asked twice."""

    def __init__(self, predictor: Predictor, picture: Picture, patch_size: int) -> None:
        self._predictor = predictor
        self._picture = picture
        self._patch_size = patch_size
        self._answers: dict[frozenset[Patch], Classification] = {}

    @property
    def count(self) -> int:
        """How many pictures the model was shown."""
        return len(self._answers)

    def ask(self, hidings: Iterable[frozenset[Patch]]) -> None:
        """Ask everything that was not asked yet, in one call."""
        new = [hidden for hidden in dict.fromkeys(hidings) if hidden not in self._answers]
        pictures = [hide(self._picture, hidden, self._patch_size) for hidden in new]
        self._answers |= zip(new, self._predictor.predict_batch(pictures), strict=True)

    def answer(self, hidden: frozenset[Patch]) -> Classification:
        return self._answers[hidden]

    def curve(self, order: Sequence[Patch], label: str) -> tuple[float, ...]:
        """Return the label's probability with 0, 1, 2 ... patches hidden."""
        return tuple(self._answers[hidden].prob_of(label) for hidden in _one_by_one(order))


def _log_odds(prob: float) -> float:
    """Return ln(p / (1 - p)), kept finite where a float has rounded p to 0 or 1."""
    kept = min(max(prob, _TINY), 1 - _TINY)
    return math.log(kept / (1 - kept))


def _one_by_one(order: Sequence[Patch]) -> list[frozenset[Patch]]:
    return [frozenset(order[:count]) for count in range(len(order) + 1)]


def _draw_orders(patches: Sequence[Patch], request: ExplainRequest) -> list[list[Patch]]:
    """Draw random orders from the request alone: the same question always gets the same answer."""
    generator = random.Random(fingerprint(request))
    return [generator.sample(patches, len(patches)) for _ in range(NUM_RANDOM_ORDERS)]
