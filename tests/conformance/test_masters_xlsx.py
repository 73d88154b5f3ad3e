"""Masters out of a workbook pass the suite."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from openpyxl import load_workbook

from connectors.files.masters import FIRST_ROW, SHEETS, write_template
from warranty_hub.settings import Connection
from warranty_hub.testing.source_suite import SourceSuite
from warranty_hub.testing.trial import Example, System

NO_PASSWORD = "a workbook in a folder asks nobody for a password"


class WorkbookForTests(System):
    """Example n is contract n, on a row of the workbook's sheet."""

    connector, stream, field_map = "masters_xlsx", "contracts", "masters_contracts"
    arrives_in: ClassVar = {"text": "scope", "amount": "settlement_amount"}

    def __init__(self, folder: Path) -> None:
        self._path = folder / "masters.xlsx"
        self._rows: dict[int, Mapping[str, Any]] = {}
        write_template(self._path)
        self.connection = Connection("masters", "fs", extra={"path": str(folder)})
        self.options = {"file": self._path.name}

    def put(self, example: Example) -> None:
        """Fill a row."""
        self._write(example.number, {"scope": example.text, "settlement_amount": float(example.amount)})

    def spoil(self, example: Example) -> None:
        """A retention of 300 %."""
        self._write(example.number, {"retention_rate": 3})

    def _write(self, number: int, cells: Mapping[str, Any]) -> None:
        self._rows[number] = {
            "contract_no": f"HT-{number}",
            "project_code": "P01",
            "party_code": "C101",
            "currency": "CNY",
            **cells,
        }
        self._save()

    def _save(self) -> None:
        title, fact, _ = SHEETS[self.stream]
        book = load_workbook(self._path)
        sheet = book[title]
        sheet.delete_rows(FIRST_ROW, sheet.max_row)
        for place, row in enumerate(self._rows.values(), start=FIRST_ROW):
            for column, name in enumerate(fact.model_fields, start=1):
                sheet.cell(place, column, row.get(name))
        book.save(self._path)

    def remove(self, number: int) -> None:
        """Delete the row."""
        del self._rows[number]
        self._save()

    def source_id(self, number: int) -> str:
        """The contract's number."""
        return f"HT-{number}"


class TestMasters(SourceSuite):
    """Contracts of the masters workbook."""

    bypass: ClassVar = {
        "test_a_wrong_login_is_told_and_not_insisted_on": NO_PASSWORD,
        "test_an_absent_system_is_worth_another_try": "a missing file does not come back by itself: that is a ConfigError",
    }

    @pytest.fixture
    def system(self, tmp_path: Path) -> System:
        """The empty template."""
        return WorkbookForTests(tmp_path)
