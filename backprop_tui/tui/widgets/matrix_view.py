"""A matrix with a cursor in it: numbers, differences or a heat map, of any size, drawn only where it is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .matrix_lines import Cell, Light, Lines, scalar
from .page import Label, Page, Sheet, paged, unlabelled, written
from .palette import NAMES, Palette

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MatrixView(ScrollView, can_focus=True, inherit_bindings=False):
    """A matrix, and in it a cursor that keys and the mouse move."""

    BINDINGS = [
        Binding("up", "move(-1, 0)", "Up a row.", show=False),
        Binding("down", "move(1, 0)", "Down a row.", show=False),
        Binding("left", "move(0, -1)", "Left a column.", show=False),
        Binding("right", "move(0, 1)", "Right a column.", show=False),
        Binding("pageup", "page(-1, 0)", "Up as many rows as are in sight.", show=False),
        Binding("pagedown", "page(1, 0)", "Down as many rows as are in sight.", show=False),
        Binding("ctrl+left", "page(0, -1)", "Left as many columns as are in sight.", show=False),
        Binding("ctrl+right", "page(0, 1)", "Right as many columns as are in sight.", show=False),
        Binding("home", "to(None, False)", "To the first column.", show=False),
        Binding("end", "to(None, True)", "To the last column.", show=False),
        Binding("ctrl+home", "to(False, False)", "To the first entry.", show=False),
        Binding("ctrl+end", "to(True, True)", "To the last entry.", show=False),
        Binding("enter", "enter", "Where the chosen entry comes from.", show=False),
    ]
    COMPONENT_CLASSES = set(NAMES)
    DEFAULT_CSS = """
    MatrixView {
        width: auto; height: auto; padding: 0 1; scrollbar-size: 1 1;
        border: round $primary-darken-1; border-title-color: $text-muted; border-subtitle-color: $text-muted;
        &:focus { border: heavy $accent; }
        &:focus > .matrix-view--cursor { text-style: bold reverse; }
        & > .matrix-view--label { color: $text-muted; }
        & > .matrix-view--present { text-style: bold; }
        & > .matrix-view--mark { color: $text-accent; }
        & > .matrix-view--cursor { text-style: bold underline; }
        & > .matrix-view--source { color: $text-warning; text-style: bold; }
        & > .matrix-view--chosen { color: $text-warning; text-style: bold reverse; }
        & > .matrix-view--positive { background: $warning; }
        & > .matrix-view--negative { background: $primary; }
    }
    """
    ALLOW_SELECT = False

    class _Told(Message):
        """Something about an entry of a view."""

        def __init__(self, view: MatrixView, row: int, column: int) -> None:
            super().__init__()
            self.view, self.row, self.column = view, row, column

        @property
        def control(self) -> MatrixView:
            return self.view

    class Chosen(_Told):
        """The cursor was moved to an entry, or an operand's entry was clicked."""

    class Entered(_Told):
        """The enter key was pressed on an entry, or it was clicked twice."""

    HAS_CURSOR = True

    _page: Page | None = None
    _palette: Palette | None = None
    _mode = "numbers"
    _cursor = _wanted = Cell()
    _lit: Mapping[tuple[int, int], str] = {}

    def show(
        self,
        matrix: NDArray[np.float64],
        *,
        rows: Label = unlabelled,
        columns: Label = unlabelled,
        before: NDArray[np.float64] | None = None,
        title: str = "",
    ) -> None:
        """Show a matrix with no cell lit; while the shape stays the same, the cursor and what is in sight stay too.

        Parameters
        ----------
        matrix:
            The entries, of shape (rows, columns).
        rows, columns:
            Spell the label of a row or a column; none may be longer than the last. A single entry without labels is a
            scalar, shown large.
        before:
            The entries an iteration ago: those that differ are marked, and the mode "difference" compares with them.
        title:
            What stands in the border.

        """
        same = self._page is not None and self._page.sheet.matrix.shape == matrix.shape
        comparable = before is not None and before.shape == matrix.shape
        self._lit = {}
        self._cursor = self._cursor if same else Cell()
        self.border_title = Content(title).markup or None
        self._arrange(Sheet(matrix, rows, columns, before if comparable else None))
        if not same:
            self.move_to(0, 0)

    @property
    def mode(self) -> str:
        """What is shown of the entries: "numbers", "difference" or "heat map"."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._mode = mode
        if self._page is not None:
            self._arrange(self._page.sheet)
            self._reveal(self._cursor)

    @property
    def cursor(self) -> tuple[int, int]:
        """The row and the column of the chosen entry."""
        return self._cursor

    def move_to(self, row: int, column: int) -> None:
        """Choose an entry, the nearest if there is none so far out, and scroll to it; nothing is posted."""
        if self._page is not None:
            rows, columns = self._page.sheet.matrix.shape
            self._cursor = Cell(max(0, min(row, rows - 1)), max(0, min(column, columns - 1)))
            self._tell(self._page)
            self._reveal(self._cursor)
            self.refresh()

    def light(self, cells: Mapping[tuple[int, int], Light]) -> None:
        """Light these cells and no others; scroll to the chosen one, or else to the first, if it is out of sight."""
        self._lit = dict(cells)
        chosen = [cell for cell, light in cells.items() if light == Light.CHOSEN]
        for cell in (*chosen, *cells)[:1]:
            self._reveal(Cell(*cell))
        self.refresh()

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor by so many rows and columns."""
        self.choose(self._cursor.row + down, self._cursor.column + right)

    def action_page(self, down: int, right: int) -> None:
        """Move the cursor by as many rows or columns as are in sight."""
        if self._page is not None:
            self.action_move(down * self._page.rows.fitting, right * self._page.columns.fitting)

    def action_to(self, last_row: bool | None, last_column: bool) -> None:
        """Move the cursor to the first or last column, and to the first or last row unless that is None."""
        if self._page is not None:
            rows, columns = self._page.sheet.matrix.shape
            row = self._cursor.row if last_row is None else last_row * (rows - 1)
            self.choose(row, last_column * (columns - 1))

    def action_enter(self) -> None:
        """Tell that the chosen entry was entered."""
        if self._page is not None:
            self.post_message(self.Entered(self, *self._cursor))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if self._page is None or offset is None:
            return
        cell = self._page.cell_at(offset, self.scroll_offset)
        if cell is not None and event.chain > 1:
            self.post_message(self.Entered(self, *cell))
        elif cell is not None:
            self.choose(*cell)

    def on_resize(self) -> None:
        if self._page is not None:
            self._arrange(self._page.sheet)
            self._reveal(self._wanted)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None
        if self._page is not None and self._page.grid.tiled:
            self._arrange(self._page.sheet)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._natural()[0]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._natural()[1]

    def render_line(self, y: int) -> Strip:
        if self._palette is None:
            self._palette = Palette(self)
        segments = self._segments(self._page, self._palette, y) if self._page else []
        return Strip(segments).adjust_cell_length(self.size.width, self._palette.plain)

    def _segments(self, page: Page, palette: Palette, y: int) -> list[Segment]:
        if page.sheet.scalar:
            lines = scalar(page, self.size.height if self.HAS_CURSOR else 1)
            return [Segment(lines[y], palette.plain)] if y < len(lines) else []
        cursor = self._cursor if self.HAS_CURSOR else None
        return Lines(page, palette, cursor, self._lit).line(y, self.scroll_offset)

    def choose(self, row: int, column: int) -> None:
        """Choose an entry as a key or a click does: whoever listens is told."""
        before = self._cursor
        self.move_to(row, column)
        if self._cursor != before or not self.HAS_CURSOR:
            self.post_message(self.Chosen(self, *self._cursor))

    def _tell(self, page: Page) -> None:
        """Say in the border which entry is chosen, to more digits than the others have room for."""
        told = page.told(*self._cursor) if self.HAS_CURSOR and not page.sheet.scalar else ""
        self.border_subtitle = Content(told).markup or None

    def _reveal(self, cell: Cell) -> None:
        """Scroll no further than it takes for a cell to be in sight."""
        self._wanted = cell
        if self._page is not None:
            x, y = self.scroll_offset
            rows, columns = self._page.rows, self._page.columns
            self.scroll_to(columns.reveal(cell.column, x), rows.reveal(cell.row, y), animate=False)

    def _arrange(self, sheet: Sheet) -> None:
        """Lay out what is shown for the present size, from the entry that stood first until now."""
        first = self._page.first(self.scroll_offset) if self._page is not None else (0, 0)
        before = self._natural()
        grid = written(sheet, self._mode, self.size, shaded=self.app.native_ansi_color)
        self._page = page = paged(sheet, grid, *self.size)
        self.styles.overflow_x = "scroll" if page.columns.farthest else "hidden"
        self.styles.overflow_y = "scroll" if page.rows.farthest else "hidden"
        self._scroll_over(Size(*page.size))
        self.scroll_to(*page.scroll(first), animate=False)
        self._tell(page)
        self.refresh(layout=self.styles.auto_dimensions and self._natural() != before)

    def _scroll_over(self, size: Size) -> None:
        """Scroll over another size, without the layout of the whole screen that Textual makes of it by itself."""
        self.set_reactive(MatrixView.virtual_size, size)
        self._scroll_update(size)
        self._refresh_scrollbars()

    def _natural(self) -> tuple[int, int]:
        """The width and height that show everything."""
        if self._page is None:
            return 0, 0
        if self._page.sheet.scalar:
            lines = scalar(self._page, 3 if self.HAS_CURSOR else 1)
            return max(map(len, lines)), len(lines)
        return self._page.natural


class OperandView(MatrixView, can_focus=False):
    """A matrix that others are made from: it has no cursor and takes no keys, but lights up and can be clicked."""

    HAS_CURSOR = False
