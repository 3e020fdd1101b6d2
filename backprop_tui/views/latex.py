"""A derivation as a LaTeX article that compiles with plain pdflatex."""

from __future__ import annotations

from collections.abc import Iterator

from ..calculus.derivation import Derivation
from ..engine.trace import Trace
from ..printers.latex_lines import rows
from ..printers.outline import Outline, Paragraph

_PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[a4paper, margin=25mm]{geometry}
\usepackage{amsmath}
\setcounter{MaxMatrixCols}{20}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
"""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
    "×": r"$\times$",
}


def render(derivation: Derivation, trace: Trace | None = None, *, title: str = "", about: str = "") -> str:
    """Return the whole derivation, forward pass to updates, as a LaTeX article.

    Parameters
    ----------
    derivation:
        What is set out.
    trace:
        Where the numbers come from: those of its first iteration. Without it the article has none.
    title, about:
        The heading and the opening paragraph.

    """
    outline = Outline(derivation, None if trace is None else trace[0])
    return "\n".join(_lines(outline, title or "Backpropagation, derived", about)) + "\n"


def escaped(text: str) -> str:
    """Return text with LaTeX's special characters escaped, and those that pdflatex can't set replaced by ``?``."""
    plain = " ".join(text.split())
    return "".join(_SPECIAL.get(ch, ch if _is_settable(ch) else "?") for ch in plain)


def _is_settable(character: str) -> bool:
    """Whether pdflatex's own fonts have a letter: ASCII, and Latin letters that are an ASCII one with an accent."""
    if character.isascii():
        return character.isprintable()
    return character.isalpha() and character <= "ſ" and character not in "ÐÞðþªºµĐđąęįųĄĘĮŲĦħĸĿŀŉŊŋŦŧſ"


def _lines(outline: Outline, title: str, about: str) -> Iterator[str]:
    yield _PREAMBLE
    yield rf"\title{{{escaped(title)}}}"
    yield r"\author{}" "\n" r"\date{}"
    yield "\n" r"\begin{document}" "\n" r"\maketitle" "\n"
    if about:
        yield escaped(about) + "\n"
    yield r"\section*{Conventions}"
    yield _conventions(outline)
    yield r"\begin{align*}"
    yield " \\\\\n".join(rf"{part.name} &= {part.value or part.shape.strip('$')}" for part in outline.given())
    yield r"\end{align*}"
    for section in outline.sections():
        yield rf"\section*{{{section.heading}}}"
        for paragraph in section.paragraphs:
            yield from _paragraph(paragraph)
    yield r"\end{document}"


def _conventions(outline: Outline) -> str:
    sizes = ", ".join(
        rf"${letter} = 0, \dots, {count - 1}$" if count > 1 else f"${letter} = 0$"
        for letter, count in outline.indices()
    )
    return (
        r"Rows are samples. $A \odot B$ is the Hadamard product, entry by entry; $A^{\top}$ is the transpose; "
        r"$\delta$ is Kronecker's; $\eta$ is the learning rate. A Jacobian's rows are outputs, its columns inputs; of "
        r"a local derivative the matrix form is what is left when the deltas are taken out. "
        f"The indices run over {sizes}. Given and learned:\n"
    )


def _paragraph(paragraph: Paragraph) -> Iterator[str]:
    yield rf"\subsection*{{${paragraph.name}$ \normalfont\small {paragraph.kind}, {paragraph.shape}}}"
    yield r"\begin{align*}"
    yield " \\\\\n".join(row for equation in paragraph.equations for row in rows(equation))
    yield r"\end{align*}"
    yield paragraph.reason
    if paragraph.value:
        yield rf"\[ {paragraph.name} = {paragraph.value} \]"
