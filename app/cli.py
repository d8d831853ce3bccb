"""The command line: which commands there are, how they end and how an error is said.

Owns the table of commands, the exit codes (0 fine, 1 found a problem, 2 wrong use, 130 and 141 stopped from
outside) and the one place where an error becomes three sentences. Each command is a file of ``app.commands``;
every word is in ``cli.yaml``. Knows no model and imports no framework: ``vitrine --help`` is instant.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.core import TyperGroup

from app.commands import bench, check, explain, generate, models, output, predict, record, serve, train
from app.commands.help import word_command
from core.errors import IncompatibleError, InputError, NotFoundError, StartError

FINE, PROBLEM, WRONG_USE = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141
"""128 + the number of the signal, as shells count: Ctrl-C, and a reader that has seen enough (``| head``)."""


def build_command() -> TyperGroup:
    """Return the whole command tree with its words."""
    root = _make_group()
    root.callback(invoke_without_command=True)(vitrine)
    root.command("serve")(serve.serve)
    root.command("check")(check.check)
    of_models = _make_group()
    of_models.command("list")(models.list_)
    of_models.command("show")(models.show_card)
    root.add_typer(of_models, name="models")
    # a row may begin with a minus, which would otherwise be an option
    root.command("predict", context_settings={"ignore_unknown_options": True})(predict.predict)
    root.command("generate")(generate.generate)
    root.command("explain")(explain.explain)
    root.command("train")(train.train)
    root.command("record")(record.record)
    root.command("bench")(bench.bench)
    command = typer.main.get_group(root)
    word_command(command)
    return command


def vitrine(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version")] = False,
    debug: Annotated[bool, typer.Option("--debug")] = False,
) -> None:
    """See ``cli.yaml``; ``debug`` is read in ``main``, because it must also work when this is not reached."""
    del debug
    if version:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as get_version

        try:
            typer.echo(f"vitrine {get_version('vitrine')}")
        except PackageNotFoundError:  # a checkout that was not installed
            typer.echo("vitrine (a checkout)")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Never raises for what a person did."""
    args = list(sys.argv[1:] if args is None else args)
    output.make_streams_safe()
    try:
        return _run(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        output.drop_what_is_left()
        return PIPE_CLOSED
    except Exception as error:
        if "--debug" in args:
            raise
        output.show_error(error, as_json="--json" in args)
        return get_exit_code(error)


def get_exit_code(error: BaseException) -> int:
    """Return 2 when the person asked for something that cannot be, and 1 when Vitrine could not do it."""
    if isinstance(error, typer.TyperException):
        return WRONG_USE
    if isinstance(error, StartError) and error.key == "setting-wrong":
        return WRONG_USE
    return WRONG_USE if isinstance(error, InputError | NotFoundError | IncompatibleError) else PROBLEM


def _make_group() -> typer.Typer:
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,  # plain help: it can be piped, pasted and read aloud
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _run(args: list[str]) -> int:
    try:
        with build_command().make_context("vitrine", list(args)) as context:
            context.command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        return INTERRUPTED
    return FINE


if __name__ == "__main__":
    sys.exit(main())
