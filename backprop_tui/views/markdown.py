"""A derivation as Markdown with LaTeX mathematics, as GitHub and notebooks show it."""

from __future__ import annotations

from collections.abc import Iterator

from ..calculus.derivation import Derivation
from ..engine.trace import Trace
from ..printers.outline import Outline, Paragraph

_CONVENTIONS = (
    r"Rows are samples. $A \odot B$ is the Hadamard product, entry by entry; $A^{\top}$ is the transpose; $\delta$ is "
    r"Kronecker's; $\eta$ is the learning rate. A Jacobian's rows are outputs, its columns inputs; of a local "
    "derivative the matrix form is what is left when the deltas are taken out."
)


def render(derivation: Derivation, trace: Trace | None = None, *, title: str = "", about: str = "") -> str:
    """Return the whole derivation, forward pass to updates, as Markdown.

    Parameters
    ----------
    derivation:
        What is set out.
    trace:
        Where the numbers come from: those of its first iteration. Without it there are none.
    title, about:
        The heading and the opening paragraph.

    """
    outline = Outline(derivation, None if trace is None else trace[0])
    heading = " ".join(title.split()) or "Backpropagation, derived"
    return "\n".join(_lines(outline, heading, about)) + "\n"


def _lines(outline: Outline, title: str, about: str) -> Iterator[str]:
    yield f"# {title}\n"
    if about:
        yield f"{about}\n"
    yield "## Conventions\n"
    yield _CONVENTIONS + "\n"
    yield "| index | runs from 0 to |\n|---|---|"
    yield from (f"| ${letter}$ | {count - 1} |" for letter, count in outline.indices())
    yield "\n## Given and learned\n"
    for paragraph in outline.given():
        yield f"{paragraph.kind} ${paragraph.name}$, {paragraph.shape}\n"
        if paragraph.value:
            yield _display(f"{paragraph.name} = {paragraph.value}")
    for section in outline.sections():
        yield f"## {section.heading}\n"
        for paragraph in section.paragraphs:
            yield from _paragraph(paragraph)


def _paragraph(paragraph: Paragraph) -> Iterator[str]:
    yield f"### ${paragraph.name}$ ({paragraph.kind}, {paragraph.shape})\n"
    yield from map(_display, paragraph.equations)
    yield f"{paragraph.reason}\n"
    if paragraph.value:
        yield _display(f"{paragraph.name} = {paragraph.value}")


def _display(formula: str) -> str:
    """Set a formula on lines of its own; in a fence nothing of it is taken for Markdown."""
    return f"```math\n{formula}\n```\n"
