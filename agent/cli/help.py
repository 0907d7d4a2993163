"""Help and the version through the one outlet: Click's own way of writing them knows a broken pipe only."""

from __future__ import annotations

from importlib.metadata import version

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
