"""A folder of ledgers passes the suite: one workbook a ticket, and its time is when it was saved."""

from datetime import UTC
from typing import ClassVar

import fsspec
import pytest

from tests.connectors.ledgers import HEADER, STREAM, row, workbook
from warranty_hub.settings import Connection
from warranty_hub.testing.source_suite import SourceSuite
from warranty_hub.testing.trial import Example, System

FOLDER = "/trial"


class FolderForTests(System):
    """Example n is the only ticket of workbook n, in a folder in memory, where files have the times that a test wants."""

    connector, stream, field_map = "ledger", "repair_plans", "ledger_repair_plans"
    arrives_in: ClassVar = {"text": "text", "amount": "amount"}

    def __init__(self) -> None:
        self._store = fsspec.filesystem("memory")
        self._store.store.clear()
        self._store.makedirs(FOLDER, exist_ok=True)
        self.connection = Connection("ledgers", "fs", extra={"path": f"memory:/{FOLDER}"})
        self.options = {"streams": {self.stream: {**STREAM, "sweepable": True}}}

    def put(self, example: Example) -> None:
        """Save the workbook; its header says 万元, its cell the yuan."""
        self._save(example, f"{example.amount}元")

    def spoil(self, example: Example) -> None:
        """An amount that is none."""
        self._save(example, "面议")

    def ledger(self, example: Example, amount: str) -> bytes:
        """A workbook of one ticket."""
        plan = example.text or "重做防水"
        return workbook({"1": [HEADER, row(example.number, order=self.source_id(example.number), plan=plan, amount=amount)]})

    def _save(self, example: Example, amount: str) -> None:
        path = f"{FOLDER}/{example.number}.xlsx"
        self._store.pipe(path, self.ledger(example, amount))
        self._store.store[path].modified = example.changed.astimezone(UTC)

    def remove(self, number: int) -> None:
        """Delete the workbook."""
        self._store.rm(f"{FOLDER}/{number}.xlsx")

    def source_id(self, number: int) -> str:
        """The number in the ledger."""
        return f"WX{number:03d}"


class TestLedger(SourceSuite):
    """Repair plans of ledgers."""

    bypass: ClassVar = {
        "test_a_wrong_login_is_told_and_not_insisted_on": "a folder in memory asks nobody for a password",
        "test_an_absent_system_is_worth_another_try": "a missing folder does not come back by itself: that is a ConfigError",
    }

    @pytest.fixture
    def system(self) -> System:
        """An empty folder."""
        return FolderForTests()
