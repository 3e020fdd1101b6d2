"""What a person reads of a derivation: a LaTeX article, Markdown, records."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from backprop_tui import gallery
from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.engine.trace import Trace
from backprop_tui.views import latex, markdown, records, table

Values = Mapping[str, NDArray[np.float64]]

VIEWS = {"latex": latex.render, "markdown": markdown.render}
BOTH = pytest.mark.parametrize("form", VIEWS)

# The lecture on a chalkboard: every stage's formulas, in the order of the lesson.
FORMULAS = {
    "p": [r"p = x \, W", r"p_{nj} = \sum_{i} x_{ni} \, W_{ij}"],
    "h": [r"h = \sigma(p)", r"h_{nj} = \sigma(p_{nj})"],
    "z": [r"z = h \, V", r"z_{nk} = \sum_{j} h_{nj} \, V_{jk}"],
    "y": [r"y = \sigma(z)", r"y_{nk} = \sigma(z_{nk})"],
    "E": [r"E = \textstyle\sum (y - t)^{2}", r"E = \sum_{n,k} (y_{nk} - t_{nk})^{2}"],
    "dE/dy": [
        r"\frac{\partial E}{\partial y} = 2 \, (y - t)",
        r"\frac{\partial E}{\partial y_{nk}} = 2 \, (y_{nk} - t_{nk})",
    ],
    "dy/dz": [
        r"\frac{\partial y}{\partial z} = \sigma'(z) = y \odot (1 - y)",
        r"\frac{\partial y_{nk}}{\partial z_{n'k'}} = y_{nk} \, (1 - y_{nk}) \, \delta_{nn'} \, \delta_{kk'}",
    ],
    "dE/dz": [
        r"\frac{\partial E}{\partial z} = \frac{\partial E}{\partial y} \cdot \frac{\partial y}{\partial z}",
        r"\frac{\partial E}{\partial z} = \frac{\partial E}{\partial y} \odot y \odot (1 - y)",
        r"\frac{\partial E}{\partial z_{nk}} = \frac{\partial E}{\partial y_{nk}} \, y_{nk} \, (1 - y_{nk})",
    ],
    "dz/dV": [
        r"\frac{\partial z}{\partial V} = h",
        r"\frac{\partial z_{nk}}{\partial V_{jk'}} = h_{nj} \, \delta_{kk'}",
    ],
    "dE/dV": [
        r"\frac{\partial E}{\partial V} = \frac{\partial E}{\partial z} \cdot \frac{\partial z}{\partial V}",
        r"\frac{\partial E}{\partial V} = h^{\top} \, \frac{\partial E}{\partial z}",
        r"\frac{\partial E}{\partial V_{jk}} = \sum_{n} h_{nj} \, \frac{\partial E}{\partial z_{nk}}",
    ],
    "dz/dh": [
        r"\frac{\partial z}{\partial h} = V^{\top}",
        r"\frac{\partial z_{nk}}{\partial h_{n'j}} = V_{jk} \, \delta_{nn'}",
    ],
    "dE/dh": [
        r"\frac{\partial E}{\partial h} = \frac{\partial E}{\partial z} \cdot \frac{\partial z}{\partial h}",
        r"\frac{\partial E}{\partial h} = \frac{\partial E}{\partial z} \, V^{\top}",
        r"\frac{\partial E}{\partial h_{nj}} = \sum_{k} \frac{\partial E}{\partial z_{nk}} \, V_{jk}",
    ],
    "dh/dp": [
        r"\frac{\partial h}{\partial p} = \sigma'(p) = h \odot (1 - h)",
        r"\frac{\partial h_{nj}}{\partial p_{n'j'}} = h_{nj} \, (1 - h_{nj}) \, \delta_{nn'} \, \delta_{jj'}",
    ],
    "dE/dp": [
        r"\frac{\partial E}{\partial p} = \frac{\partial E}{\partial h} \cdot \frac{\partial h}{\partial p}",
        r"\frac{\partial E}{\partial p} = \frac{\partial E}{\partial h} \odot h \odot (1 - h)",
        r"\frac{\partial E}{\partial p_{nj}} = \frac{\partial E}{\partial h_{nj}} \, h_{nj} \, (1 - h_{nj})",
    ],
    "dp/dW": [
        r"\frac{\partial p}{\partial W} = x",
        r"\frac{\partial p_{nj}}{\partial W_{ij'}} = x_{ni} \, \delta_{jj'}",
    ],
    "dE/dW": [
        r"\frac{\partial E}{\partial W} = \frac{\partial E}{\partial p} \cdot \frac{\partial p}{\partial W}",
        r"\frac{\partial E}{\partial W} = x^{\top} \, \frac{\partial E}{\partial p}",
        r"\frac{\partial E}{\partial W_{ij}} = \sum_{n} x_{ni} \, \frac{\partial E}{\partial p_{nj}}",
    ],
    "V'": [
        r"V' = V - \eta \, \frac{\partial E}{\partial V}",
        r"V'_{jk} = V_{jk} - \eta \, \frac{\partial E}{\partial V_{jk}}",
    ],
    "W'": [
        r"W' = W - \eta \, \frac{\partial E}{\partial W}",
        r"W'_{ij} = W_{ij} - \eta \, \frac{\partial E}{\partial W_{ij}}",
    ],
}

KINDS_AND_SHAPES = {
    "p": ("pre-activation", r"$1 \times 4$"),
    "y": ("activation", r"$1 \times 2$"),
    "E": ("loss", "scalar"),
    "dy/dz": ("local derivative", r"$1 \times 2$"),
    "dz/dh": ("local derivative", r"$2 \times 4$"),
    "dE/dh": ("adjoint", r"$1 \times 4$"),
    "dE/dV": ("gradient", r"$4 \times 2$"),
    "W'": ("update", r"$3 \times 4$"),
}

REASONS = {
    "E": "with no factor and no mean",
    "dE/dz": "multiply entry by entry, the Hadamard product",
    "dE/dV": "so $h$ is transposed",
    "dE/dh": "so $V$ is transposed",
    "dE/dW": "so $x$ is transposed",
    "V'": "points uphill, so subtract it",
}

GREEK = {
    *["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"],
    *["xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"],
    *["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"],
}
"""All that LaTeX has: the others look like Latin letters."""
MATHEMATICS = {
    *[
        "frac",
        "partial",
        "sum",
        "textstyle",
        "top",
        "odot",
        "cdot",
        "times",
        "left",
        "right",
        "cdots",
        "vdots",
        "ddots",
    ],
    *["begin", "end", "mathrm", "operatorname", "sqrt"],
}
"""LaTeX, MathJax and KaTeX have them."""
TEXT = {
    *["documentclass", "usepackage", "setcounter", "setlength", "parindent", "parskip", "allowdisplaybreaks"],
    *["title", "author", "date", "maketitle", "section", "subsection", "normalfont", "small", "dots"],
    *["textbackslash", "textasciicircum", "textasciitilde"],
}


def traced(name: str) -> tuple[Derivation, Trace]:
    network = gallery.load(name)
    return network.derivation, Trace(network.derivation, network.start, network.inputs)


@cache
def lecture(form: str) -> str:
    return VIEWS[form](*traced("lecture"), title="T", about="A.")


@cache
def forward_of_every_kind() -> tuple[Derivation, Trace]:
    """Biases, a Greek letter, a long name, several functions, fractions, more columns than are shown."""
    equations = {
        "p": "x @ W_hidden + b1",
        "h": "tanh(p)",
        "z": "h @ V + beta",
        "e": "exp(z)",
        "s": "rowsum(e)",
        "y": "e / s",
        "L": "-sum(t * log(y)) / 3",
    }
    rng = np.random.default_rng(5)
    inputs = {"x": rng.random((3, 2)), "t": np.eye(3, 2)}
    shapes = {"W_hidden": (2, 12), "b1": (1, 12), "V": (12, 2), "beta": (1, 2)}
    derivation = derive(equations, {"x": (3, 2), "t": (3, 2)}, shapes)
    drawn = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return derivation, Trace(derivation, {**inputs, **drawn, "eta": np.array([[0.1]])})


@cache
def documents(form: str) -> list[str]:
    """Return what a view makes of every network that ships and of one that has everything."""
    networks = [*map(traced, gallery.names()), forward_of_every_kind()]
    return [VIEWS[form](*network, title="Title", about="About.") for network in networks]


def spelled(name: str) -> str:
    """Spell a stage's name in LaTeX."""
    of, slash, by = name.partition("/")
    return rf"\frac{{\partial {of[1:]}}}{{\partial {by[1:]}}}" if slash else name


def paragraphs(document: str) -> dict[str, str]:
    """Return what stands under the heading of each stage; a heading's name is between dollars."""
    pieces = re.split(r"^(?:###|\\subsection\*\{) ?\$`?", document, flags=re.MULTILINE)[1:]
    by_spelling = dict(re.split(r"`?\$", piece, maxsplit=1) for piece in pieces)
    names = {spelled(name): name for name in FORMULAS}
    return {names[spelling]: body for spelling, body in by_spelling.items()}


def displayed(text: str) -> list[str]:
    """Return the formulas that stand in lines of their own, in either form."""
    text = text.replace("```math\n", "$$").replace("\n```", "$$").replace(r"\[ ", "$$").replace(r" \]", "$$")
    text = text.replace("\\begin{align*}\n", "$$").replace("\n\\end{align*}", "$$").replace(" \\\\\n", "$$\n$$")
    return [formula.replace("&=", "=") for formula in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)]


def by_hand() -> dict[str, NDArray[np.float64]]:
    """Compute the first iteration of the lecture with NumPy alone, every gradient typed in."""
    x, t = np.array([[1.0, 2.0, 1.0]]), np.array([[1.0, 0.0]])
    numbers = np.random.RandomState(1)
    W, V = numbers.random((3, 4)), numbers.random((4, 2))
    p = x @ W
    h = 1 / (1 + np.exp(-p))
    z = h @ V
    y = 1 / (1 + np.exp(-z))
    dy, dz = 2 * (y - t), 2 * (y - t) * y * (1 - y)
    dh, dp = dz @ V.T, dz @ V.T * h * (1 - h)
    forward = {"x": x, "t": t, "W": W, "V": V, "p": p, "h": h, "z": z, "y": y, "E": np.array([[((y - t) ** 2).sum()]])}
    local = {"dy/dz": y * (1 - y), "dz/dV": h, "dz/dh": V.T, "dh/dp": h * (1 - h), "dp/dW": x}
    backward = {"dE/dy": dy, "dE/dz": dz, "dE/dV": h.T @ dz, "dE/dh": dh, "dE/dp": dp, "dE/dW": x.T @ dp}
    return {**forward, **local, **backward, "V'": V - 0.01 * h.T @ dz, "W'": W - 0.01 * x.T @ dp}


def cells(formula: str) -> list[list[str]]:
    """Split what stands right of the equals sign into rows of cells."""
    body = re.sub(r"\\(begin|end)\{bmatrix\}", "", formula.partition(" = ")[2])
    return [[cell.strip() for cell in row.split("&")] for row in body.split(r"\\")]


def same(formula: str, values: NDArray[np.float64]) -> bool:
    """Whether the printed matrix is that of the values, entry by entry."""
    printed = np.array(cells(formula))
    pairs = zip(printed.ravel().tolist(), values.ravel().tolist(), strict=True)
    return printed.shape == values.shape and all(rounded(text, value) for text, value in pairs)


def rounded(printed: str, value: float) -> bool:
    """Whether a printed number is the value rounded at its last digit, to four decimals at the least or whole."""
    decimals = len(printed.partition(".")[2])
    return abs(float(printed) - value) <= 0.5000001 * 10.0**-decimals and (decimals >= 4 or value.is_integer())


# What is there.


@BOTH
def test_every_stage_has_a_heading_in_the_order_of_the_lesson(form: str) -> None:
    assert list(paragraphs(lecture(form))) == list(FORMULAS)


@BOTH
def test_a_heading_tells_kind_and_shape(form: str) -> None:
    for name, (kind, shape) in KINDS_AND_SHAPES.items():
        heading = paragraphs(lecture(form))[name].partition("\n")[0].replace("`", "")
        assert f"{kind}, {shape}" in heading, name


@BOTH
def test_the_phases_have_headings_in_order(form: str) -> None:
    headings = re.findall(r"^(?:## |\\section\*\{)([A-Z][a-z ]+)\}?$", lecture(form), re.MULTILINE)
    assert headings[-4:] == ["Forward pass", "Loss", "Backward pass", "Updates"]


@BOTH
@pytest.mark.parametrize("name", FORMULAS)
def test_every_stage_has_its_formulas_with_deltas_and_then_its_numbers(form: str, name: str) -> None:
    shown = displayed(paragraphs(lecture(form))[name])
    assert shown[:-1] == FORMULAS[name]
    assert shown[-1].startswith(f"{spelled(name)} = ")


@BOTH
@pytest.mark.parametrize("name", FORMULAS)
def test_the_numbers_are_those_of_the_first_iteration(form: str, name: str) -> None:
    assert same(displayed(paragraphs(lecture(form))[name])[-1], by_hand()[name])


@BOTH
@pytest.mark.parametrize("name", ["x", "t", "W", "V"])
def test_what_is_given_and_learned_stands_before_with_its_numbers(form: str, name: str) -> None:
    before = re.split(r"Forward pass", lecture(form))[0]
    (formula,) = [formula for formula in displayed(before) if formula.startswith(f"{name} = ")]
    assert same(formula, by_hand()[name])


@BOTH
@pytest.mark.parametrize("name", FORMULAS)
def test_every_stage_has_its_reason(form: str, name: str) -> None:
    lines = paragraphs(lecture(form))[name].splitlines()[1:]
    sentences = [line for line in lines if line.endswith(".")]
    assert len(sentences) == 1
    assert REASONS.get(name, "") in sentences[0].replace("`", "")


@BOTH
def test_title_and_about_come_first(form: str) -> None:
    heading, _, rest = lecture(form).partition({"latex": r"\title{T}", "markdown": "# T"}[form])
    assert "section" not in heading
    assert "\nA.\n" in rest
    assert rest.index("\nA.\n") < rest.index("Conventions")


@BOTH
def test_the_sizes_of_the_indices_are_told(form: str) -> None:
    told = lecture(form).partition("Conventions")[2].partition("Forward")[0].replace("`", "")
    expected = {
        "latex": [r"$n = 0$", r"$i = 0, \dots, 2$", r"$j = 0, \dots, 3$", r"$k = 0, \dots, 1$"],
        "markdown": ["| $n$ | 0 |", "| $i$ | 2 |", "| $j$ | 3 |", "| $k$ | 1 |"],
    }
    assert [words for words in expected[form] if words not in told] == []


# With numbers and without.


@BOTH
def test_without_a_trace_there_are_formulas_and_no_numbers(form: str) -> None:
    bare = VIEWS[form](gallery.load("lecture").derivation)
    assert "bmatrix" not in bare
    assert re.findall(r"\d\.\d", bare) == []
    assert {name: displayed(body) for name, body in paragraphs(bare).items()} == FORMULAS


@BOTH
def test_a_trace_that_has_computed_nothing_yet_gives_its_numbers(form: str) -> None:
    derivation, trace = traced("lecture")
    assert len(trace) == 0
    assert "0.8524" in VIEWS[form](derivation, trace)


@BOTH
def test_a_trace_that_has_gone_on_still_gives_the_first_iteration(form: str) -> None:
    derivation, trace = traced("lecture")
    trace.loss(5)
    assert VIEWS[form](derivation, trace, title="T", about="A.") == lecture(form)


def wide(columns: int) -> tuple[Derivation, Trace]:
    """One product with a parameter of as many rows as columns, its entries numbered row by row."""
    derivation = derive({"p": "x @ W", "E": "sum(p)"}, {"x": (1, columns)}, {"W": (columns, columns)})
    numbers = np.arange(float(columns**2)).reshape(columns, columns)
    return derivation, Trace(derivation, {"x": np.ones((1, columns)), "W": numbers, "eta": np.array([[1.0]])})


def shown_of(document: str, name: str) -> list[list[str]]:
    return next(cells(formula) for formula in displayed(document) if formula.startswith(rf"{name} = \begin"))


@BOTH
def test_a_large_matrix_is_abridged_to_its_ends(form: str) -> None:
    shown = shown_of(VIEWS[form](*wide(20)), "W")
    assert len(shown) == 8
    assert shown[0] == ["0", "1", "2", "3", "4", "5", r"\cdots", "19"]
    assert shown[5] == ["100", "101", "102", "103", "104", "105", r"\cdots", "119"]
    assert shown[6] == [r"\vdots"] * 6 + [r"\ddots", r"\vdots"]
    assert shown[7] == ["380", "381", "382", "383", "384", "385", r"\cdots", "399"]


@BOTH
def test_a_matrix_that_fits_is_shown_whole(form: str) -> None:
    shown = shown_of(VIEWS[form](*wide(8)), "W")
    assert shown == [[str(8 * row + column) for column in range(8)] for row in range(8)]


def test_the_table_abridges_too() -> None:
    lines = table.render(*wide(20)).splitlines()
    start = next(number for number, line in enumerate(lines) if line.split()[:1] == ["∂E/∂W"])
    rows = [line.split()[-10:] for line in lines[start : start + 12]]
    assert rows[0] == ["1"] * 8 + ["…", "1"]
    assert rows[10] == ["…"] * 10
    assert lines[start + 12] == "  update"


def test_the_table_without_a_trace_lists_names_and_shapes() -> None:
    lines = table.render(gallery.load("lecture").derivation).splitlines()
    assert [line.split()[0] for line in lines] == [name.replace("d", "∂").replace("'", "′") for name in FORMULAS]
    assert lines[0].split() == ["p", "1×4"]
    assert lines[4].split() == ["E", "scalar"]


# What can be typeset.


def without_escapes(text: str) -> str:
    return re.sub(r"\\[^A-Za-z]", "", text)


@BOTH
def test_braces_are_balanced(form: str) -> None:
    for document in documents(form):
        depth = 0
        for brace in re.findall("[{}]", without_escapes(document)):
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0


@BOTH
def test_environments_are_balanced(form: str) -> None:
    for document in documents(form):
        opened: list[str] = []
        for word, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", document):
            if word == "begin":
                opened.append(name)
            else:
                assert opened.pop() == name
        assert opened == []


@BOTH
def test_every_formula_is_closed_in_itself(form: str) -> None:
    for document in documents(form):
        for formula in displayed(document):
            bare = without_escapes(formula)
            assert bare.count("{") == bare.count("}"), formula
            assert formula.count(r"\left") == formula.count(r"\right"), formula
            assert formula.count("(") == formula.count(")"), formula
            assert "$" not in formula


@BOTH
def test_dollars_come_in_pairs_in_every_line(form: str) -> None:
    for document in documents(form):
        assert [line for line in document.splitlines() if without_escapes(line).count("$") % 2] == []


def macros(document: str) -> set[str]:
    return set(re.findall(r"\\([A-Za-z]+)", document))


def test_the_article_uses_only_macros_that_plain_pdflatex_knows() -> None:
    for document in documents("latex"):
        assert macros(document) <= GREEK | MATHEMATICS | TEXT
        assert set(re.findall(r"\\usepackage(?:\[.*\])?\{(.*)\}", document)) == {"geometry", "amsmath"}


def test_the_markdown_uses_only_macros_that_mathjax_and_katex_know() -> None:
    for document in documents("markdown"):
        assert macros(document) <= GREEK | MATHEMATICS


ESCAPED = {
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
    "é": "é",
    "Ü": "Ü",
    "ß": "ß",
    "ł": "ł",
    "数": "?",
    "√": "?",
    "\N{EGYPTIAN HIEROGLYPH A001}": "?",
}


@pytest.mark.parametrize(("character", "written"), ESCAPED.items())
@pytest.mark.parametrize("place", ["title", "about"])
def test_what_latex_takes_for_a_sign_is_escaped(character: str, written: str, place: str) -> None:
    words: dict[str, Any] = {place: f"a{character}b"}
    document = latex.render(gallery.load("lecture").derivation, **words)
    assert {"title": rf"\title{{a{written}b}}", "about": f"a{written}b"}[place] in document.splitlines()


@pytest.mark.pdflatex
@pytest.mark.parametrize("name", [*gallery.names(), "everything"])
def test_pdflatex_compiles_the_article(tmp_path: Path, name: str) -> None:
    assert shutil.which("pdflatex"), 'install pdflatex, or run pytest with -m "not pdflatex"'
    words = "".join(ESCAPED) + "\"'`<>|"
    derivation, trace = traced(name) if name in gallery.names() else forward_of_every_kind()
    (tmp_path / "a.tex").write_text(latex.render(derivation, trace, title=words, about=words), "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout.decode("utf-8", "replace")[-2000:]
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert "Missing character" not in (tmp_path / "a.log").read_text("utf-8", "replace")


# Records.


def no_constant(name: str) -> NoReturn:
    raise AssertionError(f"{name} is not JSON")


@pytest.fixture
def diverging() -> Callable[[int], Any]:
    """Run the lecture with an endless learning rate: the weights are infinite after one step, then nothing is."""
    network = gallery.load("lecture")
    trace = Trace(network.derivation, {**network.start, "eta": np.array([[np.inf]])})

    def run(iterations: int) -> Any:
        with np.errstate(all="ignore"):
            text = records.render(network.derivation, trace, network="lecture", iterations=iterations)
        return json.loads(text, parse_constant=no_constant)["iterations"]

    return run


def test_infinity_becomes_null_and_finite_numbers_stay(diverging: Callable[[int], Any]) -> None:
    (first,) = diverging(1)
    assert first["stages"]["W'"] == [[None] * 4] * 3
    assert first["stages"]["y"][0] == pytest.approx([0.64137491, 0.8524445], abs=5e-9)


def test_nan_becomes_null_in_a_scalar_too(diverging: Callable[[int], Any]) -> None:
    last = diverging(3)[-1]
    assert last["stages"]["E"] is None
    assert last["stages"]["y"] == [[None, None]]
