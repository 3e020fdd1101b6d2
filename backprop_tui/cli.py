"""The command line. Standard output is for results, standard error for words.

Exit codes: 0 fine, 1 a check failed, 2 usage or input, 130 interrupted. Each command imports what it needs when it
runs, so that ``--help``, ``--version`` and ``list`` start at once.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from . import __version__, gallery
from .commands.train import train
from .errors import InputError, nearest, one_line

PROGRAM = "backprop-tui"
_APP = "(app)"

_Command = Callable[..., int]

_EXAMPLES = """\b
Examples:
  backprop-tui                                open the lecture network
  backprop-tui my/network.toml                open a network of your own
  backprop-tui --at "dE/dV" --iteration 3     open it at a moment
  backprop-tui --layers 3-4-2 --activation tanh,softmax --loss cross_entropy --bias --seed 7
  backprop-tui run lecture -n 10              ten iterations, every stage, as a table
  backprop-tui run lecture -n 10 --json       the same as JSON, at full precision
  backprop-tui export --to latex -o out.tex   the whole derivation as a LaTeX article
  backprop-tui train my/network.toml --epochs 100 --save state.npz --metrics epochs.csv
  backprop-tui check lecture                  prove the gradients in four independent ways

\b
Exit codes: 0 fine, 1 a check failed, 2 wrong usage or input, 130 interrupted.
"""


class _NetworkOrCommand(click.Group):
    """A group whose first word, where it is no command, is the network to open."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if first not in self.commands and first not in ("--help", "--version") and not ctx.resilient_parsing:
            if args and not first.startswith("-"):
                self._check_known(first)
            args = [_APP, *args]
        return super().parse_args(ctx, args)

    def _check_known(self, network: str) -> None:
        """Refuse a first word that is neither a network nor a command, with the nearest of both."""
        known = [*gallery.names(), *(name for name in self.commands if name != _APP)]
        if not gallery.exists(Path(network)) and "/" not in network and network not in known:
            expected = f"one of {', '.join(known)}, or a path"
            raise InputError(f"no network or command {network!r}", expected, nearest=nearest(network, known))

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(PROGRAM, "[NETWORK]")
        formatter.write_usage(PROGRAM, "COMMAND [NETWORK] [OPTIONS]", prefix="       ")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        return [*super().shell_complete(ctx, incomplete), *_complete_network(ctx, None, incomplete)]


def _complete_network(ctx: click.Context, param: click.Parameter | None, incomplete: str) -> list[Any]:
    del ctx, param
    from click.shell_completion import CompletionItem

    named = [
        CompletionItem(name, help=title) for name, title in gallery.titles().items() if name.startswith(incomplete)
    ]
    return [*named, CompletionItem(incomplete, type="file")]


def _network(command: _Command) -> _Command:
    """Give a command the argument NETWORK and the options that make a network instead; it receives `source`."""

    @functools.wraps(command)
    def with_source(network: str | None, layers: str | None, **options: Any) -> int:
        words = {name: options.pop(name) for name in ("activation", "loss", "bias", "seed", "samples")}
        given = {name: word for name, word in words.items() if word is not None}
        return command(source=_source(network, layers, given), **options)

    decorators = [
        click.argument("network", required=False, shell_complete=_complete_network),
        click.option("--layers", metavar="3-4-2", help="Make a network of layers instead: units, inputs first."),
        click.option("--activation", metavar="NAME,...", help="After each layer, or one for all; default: sigmoid."),
        click.option("--loss", metavar="NAME", help="A loss by name; default: squared_error."),
        click.option("--bias", is_flag=True, default=None, help="Give the layers biases."),
        click.option("--seed", type=click.IntRange(0), help="What data and parameters are drawn from; default: 0."),
        click.option("--samples", type=click.IntRange(1, 100_000), help="Rows of the data; default: 1."),
    ]
    return functools.reduce(lambda made, decorate: decorate(made), reversed(decorators), with_source)


def _source(network: str | None, layers: str | None, words: dict[str, Any]) -> gallery.Source:
    if layers is None:
        if words:
            raise InputError(f"--{next(iter(words))} without --layers", "--layers 3-4-2 with it")
        return gallery.find(gallery.DEFAULT if network is None else network)
    if network is not None:
        raise InputError(f"--layers and the network {network!r}", "one of the two")
    return gallery.Recipe(layers, **words)


@click.group(cls=_NetworkOrCommand, epilog=_EXAMPLES, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def cli() -> None:
    """Step through backpropagation, forwards and backwards in time.

    SymPy derives every gradient of a network from its forward pass; the terminal shows each formula beside its numbers.
    NETWORK is the name of a network that ships (see `backprop-tui list`) or the path of a network.toml.
    """


@cli.command(_APP, hidden=True)
@_network
@click.option("--at", metavar="QUANTITY", help='The stage to begin at, such as "dE/dV".')
@click.option("--iteration", type=click.IntRange(0), help="The iteration to begin at; the first is 0.")
@click.option("--cell", metavar="ROW,COLUMN", help="The cell to choose; the first is 0,0.")
def open_app(source: gallery.Source, at: str | None, iteration: int | None, cell: str | None) -> int:
    """Open the app on a network."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        told = "the app needs a terminal on standard input and standard error"
        raise InputError(f"{told}; without one: {PROGRAM} run")
    if os.environ.get("TERM") == "dumb":
        raise InputError(
            f"the app needs a terminal that can place its cursor, and TERM=dumb can't; as text: {PROGRAM} run"
        )
    from .tui.app import run
    from .tui.walkthrough import Wanted

    return run(source, gallery.name_of(source), Wanted(at, iteration, cell))


@cli.command("run")
@_network
@click.option(
    "-n", "--iterations", type=click.IntRange(1, 1_000_000), help="How many iterations; default: the network's own."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, numbers at full precision.")
@click.option("--replay", is_flag=True, help="Replay the run that was recorded, mistakes and all (lecture).")
def run_network(source: gallery.Source, iterations: int | None, as_json: bool, replay: bool) -> int:
    """Run a network and print every stage of every iteration."""
    from .engine.trace import Trace
    from .published import recorded_run
    from .views import records, table

    found = gallery.read(source)
    derivation, start = found.derivation, found.start
    if replay:
        recorded = recorded_run(found)
        derivation, start = recorded.derivation(derivation), recorded.start(found)
    trace, count = Trace(derivation, start, found.inputs), iterations or max(found.iterations, 1)
    for iteration in range(count):
        if stage := trace.first_not_finite(iteration):
            told = f"iteration {iteration}: {stage} is the first stage that holds NaN or infinity"
            click.echo(f"{PROGRAM}: {told}", err=True)
            break
    if as_json:
        click.echo(records.render(derivation, trace, network=found.name, iterations=count), nl=False)
    else:
        click.echo(table.render(derivation, trace, iterations=count), nl=False)
    return 0


@cli.command()
@_network
@click.option("--to", "form", type=click.Choice(["latex", "markdown"]), required=True, help="What to write.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; default: standard output.")
def export(source: gallery.Source, form: str, output: Path | None) -> int:
    """Write the whole derivation, with the numbers of the first iteration."""
    from .engine.trace import Trace
    from .files import write
    from .views import latex, markdown

    found = gallery.read(source)
    render = {"latex": latex.render, "markdown": markdown.render}[form]
    trace = Trace(found.derivation, found.start, found.inputs)
    text = render(found.derivation, trace, title=found.title or found.name, about=found.about)
    if output is None:
        click.echo(text, nl=False)
    else:
        write(output, text)
    return 0


@cli.command("check")
@_network
def check_network(source: gallery.Source) -> int:
    """Prove every stage on the network's own numbers, in independent ways."""
    from .engine.gradient_check import check
    from .views import check_table

    found = gallery.read(source)
    report = check(found.derivation, found.start)
    click.echo(check_table.render(report), nl=False)
    return 0 if report.agrees else 1


cli.command("train")(_network(train))


@cli.command("list")
def list_networks() -> int:
    """List the networks that ship."""
    titles = gallery.titles()
    width = max(map(len, titles))
    for name, title in titles.items():
        click.echo(f"{name:<{width}}  {title}")
    return 0


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print a completion script: eval "$(backprop-tui completion bash)"."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise InputError(f"no completion for {shell!r}", "bash, zsh or fish")
    click.echo(made(cli, {}, PROGRAM, "_BACKPROP_TUI_COMPLETE").source())
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    try:
        code = cli.main(arguments, PROGRAM, complete_var="_BACKPROP_TUI_COMPLETE", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (InputError, click.ClickException) as error:
        told = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo(f"{PROGRAM}: {one_line(told)}", err=True)
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        _discard_output()
        return 0
    except OSError as error:
        _discard_output()
        click.echo(f"{PROGRAM}: standard output can't be written ({error.strerror})", err=True)
        return 2
    return code if isinstance(code, int) else 0


def _discard_output() -> None:
    """Let what is still to be written go nowhere, so that nothing fails again at the very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
