"""Vitrine's core: models, data, explanations and projects. It knows no screen, and importing it costs nothing."""
