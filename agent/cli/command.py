"""Click's commands and groups as they are here: help goes through the one outlet (Click's own way of writing
it knows a broken pipe only), and a command's module is imported when the command is called.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click

from agent.terminal.output import say


def _show_help(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    del parameter
    if wanted and not context.resilient_parsing:
        say(context.get_help())
        context.exit()


def show_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """The callback of ``--version``."""
    del parameter
    if wanted and not context.resilient_parsing:
        say(f"inpalla, version {version('inpalla')}")
        context.exit()


class Command(click.Command):
    """A command whose help is written by ``say``."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option, as Click makes it, with another callback."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class Group(Command, click.Group):
    """The same for a group, and for the commands and groups in it."""

    command_class = Command
    group_class = type


def command(name: str) -> Callable[[Callable[..., int]], Command]:
    """A command of this program: ``click.command`` with the class above."""
    return click.command(name, cls=Command)


class LazyGroup(Group):
    """A group that imports a command's module when the command is called, and none for the list of commands.

    ``lazy`` has by each command's name that of its module in this package, which is also the command's name
    in it, and the first sentence of its help.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.commands = _Imported({name: module for name, (module, _) in lazy.items()})
        self._stand_ins = {name: click.Command(name, help=summary) for name, (_, summary) in lazy.items()}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Click's list of commands, made from the summaries."""
        click.Group(commands=self._stand_ins).format_commands(ctx, formatter)


class _Imported(UserDict[str, Any]):
    """Commands by name; a module's name stands in for a command until that is asked for."""

    def __getitem__(self, name: str) -> Any:
        found = self.data[name]
        if isinstance(found, str):
            found = self.data[name] = getattr(import_module(f"agent.cli.{found}"), found)
        return found
