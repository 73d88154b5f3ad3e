"""What waits for a person as a workbook: written out, decided in any spreadsheet, read back.

Nothing in the file is trusted but the verdict and its reason. Every other cell must still say what the hub says of that row,
except notes, which change by themselves; a row that was changed, copied or has grown stale is refused, the others are taken.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from xlsxwriter import Workbook

from warranty_hub.errors import ConfigError, DecisionRefusedError

REASON = "理由 reason"
_NEVER_RUN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

Row = Mapping[str, str]


@dataclass(frozen=True)
class Imported:
    """What became of the rows of a workbook. ``refused``: row number and why."""

    taken: int
    known: int
    undecided: int
    refused: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class DecisionSheet:
    """A kind of workbook: its sheet, and its columns in their order.

    ``name`` names what is decided; ``verdict`` and the reason are a person's; ``shown`` is what the hub says of it, ``notes``
    what it says besides. ``choices``: the verdicts to choose from; none: they are written. ``command``: what writes it.
    """

    title: str
    name: str
    verdict: str
    shown: tuple[str, ...]
    command: str
    notes: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return (self.name, self.verdict, REASON, *self.shown, *self.notes)

    @property
    def export_again(self) -> str:
        """The remedy for a file that cannot be taken."""
        return f"Export the workbook again with `{self.command}`, and decide in the new one."

    def write(self, path: Path, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Write rows of a name with what is shown and noted. An existing file is never overwritten: FileExistsError."""
        with path.open("xb") as file, Workbook(file, _NEVER_RUN) as book:
            sheet = book.add_worksheet(self.title)
            bold = book.add_format({"bold": True, "text_wrap": True})
            sheet.write_row(0, 0, self.columns, bold)
            sheet.set_column(0, len(self.columns) - 1, 18, book.add_format({"text_wrap": True, "valign": "top"}))
            sheet.freeze_panes(1, 3)
            if self.choices:
                sheet.data_validation(1, 1, max(len(rows), 1), 1, {"validate": "list", "source": list(self.choices)})
            for number, (name, cells) in enumerate(rows, start=1):
                for place, words in enumerate((name, "", "", *cells)):
                    sheet.write_string(number, place, words)

    def take(self, path: Path, decide: Callable[[Row], bool]) -> Imported:
        """Take the decided rows, each by itself; ``decide`` says whether a row told anything new, or raises why it is refused.

        Raises ConfigError for a file that is not such a workbook.
        """
        taken = known = undecided = 0
        refused: list[tuple[int, str]] = []
        for number, row in self._rows(path):
            if not row[self.verdict]:
                undecided += 1
                continue
            try:
                if not row[REASON]:
                    raise ConfigError(f"{REASON} is empty", remedy="Say why: who looks at it in ten years cannot ask.")
                new = decide(row)
            except (ConfigError, DecisionRefusedError) as error:
                refused.append((number, f"{error.message}. {error.remedy}"))
                continue
            taken, known = taken + new, known + (not new)
        return Imported(taken, known, undecided, tuple(refused))

    def refuse_changes(self, row: Row, shown: Iterable[str]) -> None:
        """Raise DecisionRefusedError where a row says something else than the hub says now."""
        for name, words in zip(self.shown, shown, strict=True):
            if row[name] != words.strip():
                message = f"{name} is {row[name]!r} in the workbook and {words!r} in the hub: the row was changed or is stale"
                raise DecisionRefusedError(message, remedy=self.export_again)

    def _rows(self, path: Path) -> Iterator[tuple[int, Row]]:
        try:
            book = load_workbook(path, read_only=True)
        except FileNotFoundError:
            raise ConfigError(f"{path} does not exist", remedy=self.export_again) from None
        except (InvalidFileException, BadZipFile, KeyError, OSError) as error:
            raise ConfigError(f"{path} is no XLSX workbook ({type(error).__name__})", remedy=self.export_again) from None
        if self.title not in book.sheetnames:
            raise ConfigError(f"{path.name} has no sheet {self.title!r}", remedy=self.export_again)
        rows = book[self.title].iter_rows(values_only=True)
        if tuple(_words(next(rows, ()))) != self.columns:
            raise ConfigError(f"{path.name} has other columns than were exported", remedy=self.export_again)
        for number, cells in enumerate(rows, start=2):
            words = _words(cells)
            if any(words):
                yield number, dict(zip(self.columns, (*words, *[""] * len(self.columns)), strict=False))


def _words(cells: Iterable[object]) -> list[str]:
    return ["" if value is None else str(value).strip() for value in cells]
