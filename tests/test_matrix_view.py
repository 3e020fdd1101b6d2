from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from random import Random

import numpy as np
import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.pilot import Pilot

from backprop_tui.printers.numbers import written
from backprop_tui.tui.widgets.matrix_lines import Light
from backprop_tui.tui.widgets.matrix_view import MatrixView, OperandView
from tests.test_grid import Matrix

MODES = ["numbers", "difference", "heat map"]
MOVES = [
    *("up", "down", "left", "right", "pageup", "pagedown", "ctrl+left", "ctrl+right"),
    *("home", "end", "ctrl+home", "ctrl+end"),
]


def rows(row: int) -> str:
    return f"j={row}"


def columns(column: int) -> str:
    return f"k={column}"


class Host(App[None]):
    """A matrix above two operands; what they post is kept."""

    CSS = (
        "MatrixView { width: 1fr; height: 1fr; } #operands { height: auto; } OperandView { width: auto; height: auto; }"
    )

    def __init__(self) -> None:
        super().__init__()
        self.bind("escape", "leave")
        self.told: list[tuple[str, str, int, int]] = []
        self.left = 0

    def compose(self) -> ComposeResult:
        yield MatrixView(id="matrix")
        with Horizontal(id="operands"):
            yield OperandView(id="first")
            yield OperandView(id="second")

    def on_matrix_view_chosen(self, message: MatrixView.Chosen) -> None:
        self.told.append(("chosen", message.view.id or "", message.row, message.column))

    def on_matrix_view_entered(self, message: MatrixView.Entered) -> None:
        self.told.append(("entered", message.view.id or "", message.row, message.column))

    def action_leave(self) -> None:
        self.left += 1


class Shown:
    """A running host: its matrix, and its screen as text."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot
        self.view = app.query_one("#matrix", MatrixView)

    def operand(self, name: str) -> OperandView:
        return self.app.query_one(f"#{name}", OperandView)

    async def show(self, matrix: Matrix, before: Matrix | None = None) -> None:
        self.view.show(matrix, rows=rows, columns=columns, before=before, title="numbers")
        self.view.focus()
        await self.settled()

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.app.simulate_key(key)
        await self.settled()

    async def settled(self) -> None:
        """Wait until the screen stays as it is: a layout may take more than one round."""
        await self.pilot.pause()
        before = ""
        while (now := self.text()) != before:
            before = now
            await self.pilot.pause()

    def text(self, view: MatrixView | None = None) -> str:
        """What a view shows within its border, all of the screen unless one is given."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self.segments(view))

    def segments(self, view: MatrixView | None = None) -> list[list[tuple[str, Style]]]:
        region = view.scrollable_content_region if view else self.app.screen.region
        strips = self.app.screen._compositor.render_strips()[region.y : region.bottom]
        cropped = (strip.crop(region.x, region.right) for strip in strips)
        return [[(segment.text, segment.style or Style()) for segment in strip] for strip in cropped]

    def styled(self, attribute: str, view: MatrixView | None = None) -> list[str]:
        """The texts of the view that have an attribute, such as reverse."""
        lines = self.segments(view or self.view)
        return [text.strip() for line in lines for text, style in line if getattr(style, attribute)]

    def table(self) -> dict[tuple[str, str], str]:
        """Each number by the labels that it stands beside and below."""
        head, *body = self.text(self.view).splitlines()
        ends = [found.end() for found in re.finditer(r"\S+", head)]
        found = {}
        for line in body:
            label = re.match(r" *(j=\d+)", line)
            starts = [label.end() if label else 0, *(end + 1 for end in ends)]
            for name, start, end in zip(head.split(), starts, ends, strict=False):
                if label:
                    found[label[1], name] = line[start : end + 1].strip("▲▼≠ ")
        return found


def play(steps: Callable[[Shown], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def session() -> None:
        app = Host()
        async with app.run_test(size=size) as pilot:
            await steps(Shown(app, pilot))

    asyncio.run(session())


def some(height: int, width: int) -> Matrix:
    return np.random.default_rng(0).normal(size=(height, width))


# The cursor


def test_arrows_choose_a_cell_and_tell_so() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(4, 3))
        await shown.press("down", "right", "right", "up", "left")
        assert [place for *_, row, column in shown.app.told for place in [(row, column)]] == [
            *((1, 0), (1, 1), (1, 2), (0, 2), (0, 1))
        ]
        assert {kind for kind, *_ in shown.app.told} == {"chosen"}
        assert shown.view.cursor == (0, 1)

    play(steps)


def test_at_the_edge_nothing_moves_and_nothing_is_told() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(2, 2))
        await shown.press("up", "left", "pageup", "ctrl+left", "home", "ctrl+home")
        assert (shown.view.cursor, shown.app.told) == ((0, 0), [])

    play(steps)


def test_a_cell_chosen_by_code_is_not_told() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(3, 3))
        shown.view.move_to(2, 99)
        await shown.settled()
        assert (shown.view.cursor, shown.app.told) == ((2, 2), [])

    play(steps)


def test_the_border_tells_the_chosen_cell_to_more_digits() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(np.array([[0.5, 0.123456789]]))
        await shown.press("right")
        assert "j=0 k=1  0.123457" in shown.text()
        assert "0.1235" in shown.text(shown.view)

    play(steps)


@pytest.mark.parametrize(
    ("keys", "cell"),
    [
        (("end",), (0, 783)),
        (("ctrl+end", "home"), (511, 0)),
        (("ctrl+end",), (511, 783)),
        (("ctrl+end", "ctrl+home"), (0, 0)),
        (("pagedown",), (18, 0)),
        (("pagedown", "pagedown", "pageup"), (18, 0)),
        (("ctrl+right",), (0, 7)),
        (("ctrl+right", "ctrl+right", "ctrl+left"), (0, 7)),
    ],
)
def test_long_ways_are_one_key(keys: tuple[str, ...], cell: tuple[int, int]) -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(512, 784))
        await shown.press(*keys)
        assert shown.view.cursor == cell

    play(steps)


def test_enter_tells_the_chosen_cell() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(3, 3))
        shown.view.move_to(1, 2)
        await shown.press("enter")
        assert shown.app.told == [("entered", "matrix", 1, 2)]

    play(steps)


def test_a_click_chooses_a_cell_and_two_enter_it() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(4, 3))
        line = next(line for line in shown.text().splitlines() if "j=2" in line)
        at = line.index(written(some(4, 3))[2][1]), shown.text().splitlines().index(line)
        await shown.pilot.click(offset=at)
        assert shown.app.told == [("chosen", "matrix", 2, 1)]
        await shown.pilot.double_click(offset=at)
        assert shown.app.told[-1] == ("entered", "matrix", 2, 1)

    play(steps)


def test_a_click_on_a_label_or_beside_the_numbers_chooses_nothing() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(2, 2))
        for at in ((3, 2), (12, 1), (70, 2), (12, 9)):
            await shown.pilot.click("#matrix", offset=at)
        assert shown.app.told == []

    play(steps)


def test_escape_and_the_keys_that_mean_nothing_here_are_left_to_the_app() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(2, 2))
        await shown.press("escape")
        assert shown.app.left == 1

    play(steps)


def test_the_cursor_is_seen_without_colours_and_stronger_in_focus() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(np.array([[0.5, -0.25]]))
        assert shown.styled("reverse") == ["0.5000"]
        shown.app.set_focus(None)
        await shown.settled()
        assert shown.styled("reverse") == []
        assert shown.styled("underline") == ["0.5000"]

    play(steps)


# Where the numbers stand


@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (3, 40), (90, 2), (512, 784)])
@pytest.mark.parametrize("size", [(80, 24), (44, 12)])
def test_wherever_keys_lead_every_number_stands_whole_at_its_labels_and_the_chosen_one_is_in_sight(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    matrix = some(*shape)
    texts = written(matrix)
    random = Random(f"{shape} {size}")

    async def steps(shown: Shown) -> None:
        await shown.show(matrix)
        for _ in range(12):
            await shown.press(random.choice(MOVES))
            table = shown.table()
            for (row, column), text in table.items():
                assert text == texts[int(row[2:])][int(column[2:])]
            down, right = shown.view.cursor
            assert (rows(down), columns(right)) in table
            assert shown.styled("reverse")[:1] == [texts[down][right]]

    play(steps, size)


def test_wherever_the_wheel_leads_no_number_is_cut() -> None:
    matrix = some(200, 150)
    texts = written(matrix)

    async def steps(shown: Shown) -> None:
        await shown.show(matrix)
        for x, y in ((3, 0), (4, 1), (7, 2), (500, 90), (9999, 9999), (1, 9999)):
            shown.view.scroll_to(x, y, animate=False)
            await shown.settled()
            table = shown.table()
            assert len(table) > 50
            for (row, column), text in table.items():
                assert text == texts[int(row[2:])][int(column[2:])]

    play(steps)


def test_the_chosen_cell_stays_in_sight_when_the_terminal_shrinks() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(40, 20))
        shown.view.move_to(15, 7)
        for size in ((50, 14), (40, 10), (80, 24)):
            await shown.pilot.resize_terminal(*size)
            await shown.settled()
            assert ("j=15", "k=7") in shown.table()

    play(steps)


def test_another_matrix_of_the_same_shape_keeps_cursor_and_place() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(200, 150))
        await shown.press("pagedown", "pagedown", *("ctrl+right",) * 6, "up")
        before = list(shown.table())
        await shown.show(some(200, 150) + 1)
        assert list(shown.table()) == before
        await shown.show(some(200, 150) * 100)
        assert next(iter(shown.table())) == before[0]
        assert shown.view.cursor == (35, 42)
        await shown.show(some(200, 149))
        assert ("j=0", "k=0") in shown.table()
        assert shown.view.cursor == (0, 0)

    play(steps)


# Changes


def test_what_changed_is_marked_and_no_column_moves() -> None:
    matrix = np.array([[0.5, -0.25], [0.125, 2.0]])

    async def steps(shown: Shown) -> None:
        await shown.show(matrix)
        unmarked = shown.text(shown.view)
        await shown.show(matrix, before=np.array([[-0.5, 0.75], [0.125, 2.0]]))
        marked = shown.text(shown.view)
        assert "0.5000▲ −0.2500▼" in marked
        assert marked.replace("▲", " ").replace("▼", " ").split() == unmarked.split()
        assert marked.index("0.2500") == unmarked.index("0.2500")

    play(steps)


def test_the_difference_is_shown_with_its_sign() -> None:
    matrix = np.array([[0.5, -0.25, 1.0]])

    async def steps(shown: Shown) -> None:
        shown.view.mode = "difference"
        await shown.show(matrix, before=np.array([[0.25, 0.0, 1.0]]))
        assert "+0.2500  −0.2500        0" in shown.text(shown.view)
        await shown.show(matrix)
        assert "no iteration before" in shown.text(shown.view)

    play(steps)


def test_a_batch_of_another_shape_is_nothing_to_compare_with() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(np.ones((3, 2)), before=np.zeros((5, 2)))
        assert not {"▲", "▼"} & set(shown.text())

    play(steps)


# Lit cells


def test_lit_cells_are_bracketed_and_the_chosen_one_stands_out() -> None:
    async def steps(shown: Shown) -> None:
        operand = shown.operand("first")
        operand.show(np.array([[0.5, -0.25, 1.0]]), rows=rows, columns=columns, title="h")
        operand.light({(0, 0): Light.SOURCE, (0, 1): Light.CHOSEN})
        await shown.settled()
        assert "[ 0.5000][−0.2500]  1.0000" in shown.text(operand)
        assert shown.styled("reverse", operand) == ["[−0.2500]"]
        assert shown.styled("bold", operand) == ["[ 0.5000]", "[−0.2500]"]
        operand.light({(0, 2): Light.SOURCE})
        await shown.settled()
        assert "  0.5000  −0.2500 [ 1.0000]" in shown.text(operand)
        operand.show(np.array([[0.5, -0.25, 1.0]]), rows=rows, columns=columns, title="h")
        await shown.settled()
        assert "[" not in shown.text(operand)

    play(steps)


@pytest.mark.parametrize("mode", MODES)
def test_a_lit_cell_out_of_sight_is_scrolled_to(mode: str) -> None:
    async def steps(shown: Shown) -> None:
        shown.view.mode = mode
        await shown.show(some(200, 300), before=some(200, 300) - 1)
        shown.view.light({(3, 3): Light.SOURCE, (150, 220): Light.CHOSEN})
        await shown.settled()
        assert "j=150" in shown.text(shown.view)
        assert [text for text in shown.styled("reverse") if text.endswith("]")]

    play(steps)


# Heat maps


def test_a_small_heat_map_holds_the_numbers() -> None:
    async def steps(shown: Shown) -> None:
        shown.view.mode = "heat map"
        await shown.show(np.array([[0.5, -0.25]]))
        assert "0.5000  −0.2500" in shown.text(shown.view)
        assert "−0.5 − − − −  0 + + + +  +0.5" in shown.text(shown.view)

    play(steps)


def test_a_large_heat_map_shows_the_sign_of_each_entry_below_its_label() -> None:
    matrix = some(60, 90)

    async def steps(shown: Shown) -> None:
        shown.view.mode = "heat map"
        await shown.show(matrix)
        await shown.press("pagedown", "ctrl+right", "down", "right")
        head, *body = shown.text(shown.view).splitlines()
        labels = {head.index(name): int(name[2:]) for name in head.split()}
        assert len(labels) > 5
        assert {column % 3 for column in labels.values()} == {0}
        for line in [line for line in body if line.lstrip().startswith("j=")]:
            row = int(line.split()[0][2:])
            for place, column in labels.items():
                assert line[place] == ("−" if matrix[row, column] < 0 else "+")

    play(steps)


def grounds(shown: Shown, sign: str) -> set[object]:
    return {style.bgcolor for line in shown.segments(shown.view) for text, style in line if sign in text}


def test_the_two_signs_stand_on_grounds_of_their_own_in_every_theme() -> None:
    async def steps(shown: Shown) -> None:
        shown.view.mode = "heat map"
        await shown.show(some(20, 20))
        shown.view.move_to(19, 19)
        seen = list[set[object]]()
        for theme in ("textual-dark", "textual-light"):
            shown.app.theme = theme
            await shown.settled()
            above, below = grounds(shown, "+"), grounds(shown, "−")
            assert len(above & below) <= 1, "only the ends of the legend and the cursor stand on none"
            seen.append(above | below)
        assert min(map(len, seen)) > 8
        assert seen[0] != seen[1]

    play(steps)


def test_without_colours_shades_take_the_place_of_the_grounds() -> None:
    async def steps(shown: Shown) -> None:
        shown.view.mode = "heat map"
        await shown.show(some(20, 20))
        shown.app.theme = "ansi-dark"
        await shown.settled()
        assert {"░", "▒", "▓", "█"} <= set(shown.text(shown.view))
        assert len(grounds(shown, "+") | grounds(shown, "−")) == 1

    play(steps)


# Scalars and operands


def test_a_scalar_is_drawn_large() -> None:
    async def steps(shown: Shown) -> None:
        shown.view.show(np.array([[0.17]]), title="E")
        await shown.settled()
        assert shown.text(shown.view).splitlines()[:3] == [" ┏━┓ ╺┓ ╺━┓".strip(), "┃ ┃  ┃   ┃", "┗━┛•╺┻╸  ╹"]

    play(steps)


def test_operands_take_the_room_they_need_side_by_side() -> None:
    async def steps(shown: Shown) -> None:
        first, second = shown.operand("first"), shown.operand("second")
        first.show(np.array([[0.5, -0.25]]), rows=rows, columns=columns, title="h")
        second.show(np.array([[0.01]]), title="η")
        await shown.settled()
        assert shown.text(first).splitlines() == ["        k=0      k=1", "j=0  0.5000  −0.2500"]
        assert shown.text(second) == "0.01"
        assert first.region.right == second.region.x

    play(steps)


def test_an_operand_that_does_not_fit_scrolls() -> None:
    async def steps(shown: Shown) -> None:
        operand = shown.operand("first")
        operand.styles.max_width, operand.styles.max_height = 34, 8
        operand.show(some(30, 9), rows=rows, columns=columns, title="V")
        operand.light({(20, 7): Light.SOURCE})
        await shown.settled()
        assert written(some(30, 9))[20][7] in shown.text(operand)
        assert "k=7" in shown.text(operand)

    play(steps)


def test_an_operand_takes_no_focus_but_tells_of_clicks() -> None:
    async def steps(shown: Shown) -> None:
        await shown.show(some(2, 2))
        shown.operand("first").show(np.array([[0.5, -0.25]]), rows=rows, columns=columns)
        await shown.settled()
        await shown.press("tab")
        assert shown.app.focused is shown.view
        await shown.pilot.click("#first", offset=(19, 2))
        assert shown.app.told == [("chosen", "first", 0, 1)]
        await shown.pilot.double_click("#first", offset=(19, 2))
        assert shown.app.told[-1] == ("entered", "first", 0, 1)
        assert shown.styled("reverse", shown.operand("first")) == []

    play(steps)


def test_before_there_is_a_matrix_keys_and_clicks_do_nothing() -> None:
    async def steps(shown: Shown) -> None:
        shown.view.focus()
        await shown.press(*MOVES, "enter")
        await shown.pilot.click("#matrix")
        shown.view.mode = "heat map"
        assert (shown.view.cursor, shown.app.told) == ((0, 0), [])

    play(steps)


def test_the_first_frame_needs_no_numpy_for_it() -> None:
    code = "import sys, backprop_tui.tui.widgets.matrix_view; print({'numpy', 'sympy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
