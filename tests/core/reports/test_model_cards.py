"""The page of model cards says what the cards say."""

from __future__ import annotations

from dataclasses import replace

from core.registry import list_models
from core.reports.model_cards import build_models_page


def test_every_model_has_its_section_with_every_figure_and_limit():
    page = build_models_page(list_models())
    for spec in list_models():
        section = page.split(f"\n## {spec.model_id}\n")[1].split("\n## ")[0]
        assert all(limit in section for limit in spec.card["limits"])
        assert all(f"{metric['value']:.4g}" in section for metric in spec.card["metrics"])
        assert section.count("\n| ") >= len(spec.card["metrics"])


def test_a_changed_figure_changes_the_page():
    spec = list_models()[0]
    metrics = [{**spec.card["metrics"][0], "value": 0.1234}, *spec.card["metrics"][1:]]
    changed = replace(spec, card={**spec.card, "metrics": metrics})
    assert "0.1234" in build_models_page([changed])
    assert "0.1234" not in build_models_page([spec])
