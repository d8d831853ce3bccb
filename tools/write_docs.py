"""Write the pages of `docs/` that come from the code. A test requires them to be current.

Each page is one function without arguments that returns its text; `PAGES` lists them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.docs_cli import build_page as build_command_line
from core.registry import list_models
from core.reports.model_cards import build_models_page
from core.settings import Settings

DOCS = Path(__file__).resolve().parent.parent / "docs"


def build_settings() -> str:
    """Return `settings.md`: every `VITRINE_*` variable, what it may hold, and what it does."""
    lines = [
        "<!-- Written by `make docs` from core/settings.py. -->",
        "# Settings",
        "",
        "A host sets these as environment variables before the start. Nothing has to be set.",
        "",
        "| variable | what it does | may hold | if not set |",
        "|---|---|---|---|",
    ]
    prefix = Settings.model_config.get("env_prefix", "")
    properties: dict[str, Any] = Settings.model_json_schema()["properties"]
    for name, field in Settings.model_fields.items():
        default = _describe_default(field.default)
        values = _describe_values(properties[name])
        lines.append(f"| `{(prefix + name).upper()}` | {field.description} | {values} | {default} |")
    return "\n".join(lines) + "\n"


def _describe_default(default: object) -> str:
    if default is None or default == ():
        return "nothing"
    if isinstance(default, Path):  # an absolute path would be that of the machine that wrote the page
        return "the system's folder for user data"
    return f"`{json.dumps(default) if isinstance(default, bool | int) else default}`"


def _describe_values(schema: dict[str, Any]) -> str:
    schema = schema.get("anyOf", [schema])[0]
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "boolean":
        return "`true` or `false`"
    if schema.get("type") == "integer":
        least, most = schema.get("minimum"), schema.get("maximum")
        if most is not None:
            return f"a whole number, {least:,} to {most:,}"
        return f"a whole number, {least:,} or more" if least is not None else "a whole number"
    if schema.get("type") == "array":
        return "a list with commas"
    return "a folder" if schema.get("format") == "path" else "text"


PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": build_command_line,
    "models.md": lambda: build_models_page(list_models()),
    "settings.md": build_settings,
}


def main() -> None:
    """Write every page that differs."""
    for name, build in PAGES.items():
        page, text = DOCS / name, build()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
