"""The behaviour of every command: exit codes, error messages, and ``--verbose``."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from difflib import get_close_matches
from typing import Any

import click

from sphinx_attention.core.boundary import is_panic, reason
from sphinx_attention.core.errors import AttentionError, Problem

from ._shared import fail

_VERBOSE = "sphinx_attention.verbose"
_USAGE = (Problem.OPTION, Problem.TEXT)
"""Mistakes in the command itself."""


class Commands(click.Group):
    """A group of commands that ends with 0, 1 or 2, and shows a traceback only on request."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run with output that accepts every text, because names of files need not be Unicode."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                # Otherwise Python would write the rest at its exit, and report a failure in its own
                # words.
                sys.stdout.flush()
        except OSError as error:
            _discard_output()
            if _reader_went(error):
                sys.exit(1)
            fail(reason(error))

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command. Each command that does something has the option ``--verbose``."""
        if not isinstance(cmd, click.Group):
            cmd.params.append(_verbose_option())
        super().add_command(cmd, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. For an unknown one, the message suggests the nearest name."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            close = get_close_matches(args[0], known, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            ctx.fail(f"no command {args[0]!r}{hint}; the commands are {', '.join(known)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Every exception becomes one line and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except AttentionError as error:
            self._fail(ctx, error, error.message, error.trace)
        except OSError as error:
            if _reader_went(error):
                raise
            self._fail(ctx, error, reason(error))
        except Exception as error:  # noqa: BLE001 - the boundary of the command line
            self._fail(ctx, error, reason(error))
        except BaseException as error:
            if not is_panic(error):
                raise
            self._fail(ctx, error, reason(error))

    def _fail(
        self, ctx: click.Context, error: BaseException, message: str, trace: str | None = None
    ) -> None:
        if ctx.find_root().meta.get(_VERBOSE):
            click.echo(trace or "".join(traceback.format_exception(error)), err=True)
        elif trace or not isinstance(error, AttentionError):
            message += " (--verbose shows the traceback)"
        fail(message, 2 if isinstance(error, AttentionError) and error.problem in _USAGE else 1)


_WINDOWS = os.name == "nt"


def _reader_went(error: OSError) -> bool:
    """Whether the reader of the output has gone. Windows reports this as an invalid argument."""
    gone = (errno.EPIPE, errno.EINVAL) if _WINDOWS else (errno.EPIPE,)
    return error.errno in gone and error.filename is None


def _discard_output() -> None:
    """Discard the output that is not written yet, because writing it would fail again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _verbose_option() -> click.Option:
    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.find_root().meta[_VERBOSE] = True

    return click.Option(
        ["-v", "--verbose"],
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Show the traceback of an error.",
    )
