"""docs/command-line.md is what the commands say."""

from pathlib import Path

from app import cli, docs_cli
from app.commands.help import walk_commands


def test_the_page_is_current():
    page = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
    assert page.read_text(encoding="utf-8") == docs_cli.build_page(), "run: make docs"


def test_the_page_shows_every_command_and_every_option():
    page = docs_cli.build_page()
    for path, command in walk_commands(cli.build_command()):
        assert path == "vitrine" or f"## `{path}`" in page
        for param in command.params:
            assert any(name in page for name in (*param.opts, param.metavar) if name)
