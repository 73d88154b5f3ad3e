"""The month's workbook for finance, in Chinese or English: figures, charts, the reconciliation, and every line beneath them.

The same sealed batches and the same reconciliation give the same bytes. No cell holds a formula: what data says is never run,
and a figure is the one that was published, whatever a spreadsheet would make of it.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, text

from mappings.lexicon import label
from mappings.lexicon.terms import Label
from warranty_hub.records.codes import CostStage, ReconKind
from warranty_hub.reports.finance.month import DETAIL, DIMENSIONS, Dimension, Month, Sum, detail_rows
from warranty_hub.reports.finance.month_texts import BATCH_HEADS, BENEATH, NOTES
from warranty_hub.reports.finance.sheets import Formats, data_sheets, formats_of, new_workbook, write_cell
from warranty_hub.reports.finance.statement import statement
from warranty_hub.reports.table import Column, Kind, exact

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
CHARTED = 12
"""So many of the largest values stand in a chart."""
PER_M2 = Decimal("0.0001")
PER_AREA = ("实际成本 元/㎡", "Actual cost per m²")
NONE = "–"


def write_month(path: Path, db: Connection, found: Month, language: Language) -> None:
    """Write the workbook of a month."""
    with new_workbook(path, f"{found.entity} {found.period}") as book:
        writer = _Writer(book, found, language)
        writer.summary()
        for dimension in DIMENSIONS:
            writer.dimension(dimension)
        writer.reconciliation(db)
        writer.detail(db)
        writer.notes()


class _Writer:
    """One workbook in one language; ``_say`` picks what people read."""

    def __init__(self, book: Any, found: Month, language: Language) -> None:
        self._book, self._month, self._language = book, found, language
        self._formats: Formats = formats_of(book)

    def _say(self, zh: str, en: str) -> str:
        return zh if self._language == "zh" else en

    def _head(self, column: Column) -> str:
        return self._say(column.zh, column.en)

    def _label(self, shown: Label) -> str:
        return self._say(shown.zh, shown.en)

    def summary(self) -> None:
        """The whole by stage and currency, what it comes to a square metre, and which batches it is made of."""
        sheet = self._sheet(self._say("汇总", "Summary"), [30, *[20] * 6])
        title = self._say("保修成本月报", "Warranty cost of the month")
        sheet.write_string(0, 0, f"{title} · {self._month.entity} · {self._month.period}", self._formats["title"])
        row = self._table(sheet, 2, self._whole_heads(), map(self._whole, self._month.totals))
        heads = [self._say(*pair) for pair in BATCH_HEADS]
        self._table(sheet, row + 1, heads, map(self._batch, self._month.batches))

    def _whole_heads(self) -> list[str]:
        return [self._say("币种", "Currency"), *self._amount_heads(with_area=True)]

    def _whole(self, part: Sum) -> Sequence[Any]:
        return [part.currency, *self._amounts(part, with_area=True)]

    def _batch(self, batch: Any) -> Sequence[Any]:
        released = f"{batch.released_by}: {batch.release_reason}" if batch.released_by else NONE
        return [str(batch.seq), batch.lines, batch.prepared_by, released, "; ".join(batch.findings) or NONE, batch.content_hash]

    def dimension(self, dimension: Dimension) -> None:
        """One sheet: largest actual cost first, the total below, and the largest as a chart."""
        parts = self._month.sums[dimension.name]
        name = self._say(dimension.zh, dimension.en)
        key_widths = [14] * len(dimension.keys)
        sheet = self._sheet(name, [*key_widths, 28, 9, *[16] * (len(self._month.stages) + 6)])
        heads = [self._head(column) for key in dimension.keys for column in DETAIL if column.name == key]
        heads = [*(f"{head} {self._say('编号', 'code')}" for head in heads), name, self._say("币种", "Currency")]
        rows = [[*(key or NONE for key in part.keys), self._name(part), part.currency] for part in parts]
        amounts = [self._amounts(part, dimension.with_area) for part in parts]
        totals = [self._total(part, len(dimension.keys), dimension.with_area) for part in self._month.totals]
        sheet.freeze_panes(1, len(dimension.keys) + 1)
        heads += self._amount_heads(dimension.with_area)
        self._table(sheet, 0, heads, [*(a + b for a, b in zip(rows, amounts, strict=True)), *totals])
        self._chart(sheet, name, parts, len(dimension.keys), len(heads))

    def _name(self, part: Sum) -> str:
        if isinstance(part.name, Label):
            return self._label(part.name)
        return part.name or (NONE if part.keys[-1] is None else str(part.keys[-1]))

    def _total(self, part: Sum, keys: int, with_area: bool) -> list[Any]:
        return [self._say("合计", "Total"), *[""] * keys, part.currency, *self._amounts(part, with_area)]

    def _amount_heads(self, with_area: bool) -> list[str]:
        stages = [f"{self._label(label('cost_stage', stage))}\n{self._say('成本', 'cost')}" for stage in self._month.stages]
        area = [self._say("建筑面积 ㎡", "GFA m²"), self._say(*PER_AREA)] if with_area else []
        net = [self._say("已收回", "Recovered"), self._say("净额\n实际 − 已收回", "Net\nactual − recovered")]
        return [*stages, *net, self._say("凭证行数", "Lines"), self._say("工单数", "Tickets"), *area]

    def _amounts(self, part: Sum, with_area: bool) -> list[Any]:
        stages = [part.by_stage.get(stage, Decimal(0)) for stage in self._month.stages]
        per_m2 = part.per_m2
        unit = [part.area_m2, per_m2.quantize(PER_M2) if per_m2 is not None else None] if with_area else []
        amounts = [exact(amount, part.currency) for amount in (*stages, part.recovered, part.net)]
        return [*amounts, part.lines, part.tickets, *unit]

    def _chart(self, sheet: Any, name: str, parts: Sequence[Sum], keys: int, width: int) -> None:
        shown = [part for part in parts if part.currency == parts[0].currency][:CHARTED]
        if not shown or CostStage.ACTUAL not in self._month.stages:
            return
        column = keys + 2 + self._month.stages.index(CostStage.ACTUAL)
        chart = self._book.add_chart({"type": "bar"})
        title = f"{self._label(label('cost_stage', CostStage.ACTUAL))} · {name} · {parts[0].currency}"
        chart.set_title({"name": title, "name_font": {"size": 12}})
        last = len(shown)
        first = 0 if keys > 1 else keys
        chart.add_series({"categories": [name, 1, first, last, keys], "values": [name, 1, column, last, column], "gap": 40,
                          "fill": {"color": "#2A7F9E"}})  # fmt: skip
        chart.set_legend({"none": True})
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
        chart.set_size({"width": 560, "height": 120 + 26 * last})
        sheet.insert_chart(1, width + 1, chart)

    def reconciliation(self, db: Connection) -> None:
        """Tickets against the ERP by project, cost lines against the general ledger, and the items that do not agree."""
        name = self._say("对账", "Reconciliation")
        sheet = self._sheet(name, [18, 12, 18, 14, 28, *[16] * 6])
        kinds = [self._label(label("recon_kind", kind)) for kind in ReconKind]
        heads = [self._say("项目", "Project"), self._say("币种", "Currency"), self._say("工单批准", "Approved by tickets")]
        heads = [*heads, *kinds, self._say("ERP入账", "Booked in the ERP")]
        lines = [
            [line.project_code, line.currency, *line[3:]] for line in statement(db, self._month.entity, self._month.period)
        ]
        row = self._table(sheet, 0, heads, lines)
        for title, zh_en, query in BENEATH:
            sheet.write_string(row + 1, 0, self._say(*title), self._formats["title"])
            named = {"entity": self._month.entity, "period": self._month.period}
            found = [list(map(self._in_words, line)) for line in db.execute(text(query), named)]
            row = self._table(sheet, row + 2, [self._say(*pair) for pair in zh_en], found)

    def _in_words(self, value: Any) -> Any:
        """A code of ours as people read it; whatever the sources call theirs stays as it is."""
        for code_set, codes in (("recon_kind", ReconKind), ("cost_stage", CostStage)):
            if value in tuple(codes):
                return self._label(label(code_set, value))
        return value

    def detail(self, db: Connection) -> None:
        """Every sealed line with all its keys, to be filtered."""
        rows = detail_rows(db, self._month.entity, self._month.period)
        data_sheets(self._book, self._formats, self._say("明细", "Lines"), DETAIL, rows, self._head)

    def notes(self) -> None:
        """What the figures mean, and the way from each to its voucher."""
        sheet = self._sheet(self._say("说明", "Notes"), [26, 110])
        for row, (head, told) in enumerate(NOTES):
            sheet.write_string(row, 0, self._say(*head), self._formats["head"])
            sheet.write_string(row, 1, self._say(*told), self._formats["wrap"])

    def _sheet(self, name: str, widths: Sequence[int]) -> Any:
        sheet = self._book.add_worksheet(name)
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        return sheet

    def _table(self, sheet: Any, row: int, heads: Sequence[str], lines: Iterable[Sequence[Any]]) -> int:
        """A heading and its lines; returns the row below them."""
        sheet.set_row(row, 34)
        for at, head in enumerate(heads):
            sheet.write_string(row, at, head, self._formats["head"])
        for line in lines:
            row += 1
            for at, value in enumerate(line):
                write_cell(sheet, row, at, value, self._format(heads[at], value))
        return row + 1

    def _format(self, head: str, value: object) -> Any:
        if head == self._say(*PER_AREA):
            return self._formats[Kind.NUMBER]
        kinds: dict[type, Kind] = {int: Kind.COUNT, Decimal: Kind.MONEY}
        return self._formats[kinds.get(type(value), Kind.TEXT)]
