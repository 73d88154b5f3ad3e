"""The demo, as a user runs it: every room of the house through the real scheduler, twice, with a model of the user's own.

Figures are compared with what the other systems hold, counted here from their own records; and nothing personal or secret may
stand in any file that the demo leaves behind, but for the databases.
"""

import csv
import hashlib
import json
import re
import secrets
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from connectors.bim.bcf import read_bcf
from sandbox import airflow_local, demo
from sandbox.building import Tower, write_tower
from sandbox.demo import run_demo, stickers_of, towers
from sandbox.follow_ups import purchase_orders, recoveries
from sandbox.history import COST_ACCOUNT, History, write_history
from sandbox.model_words import read_words
from sandbox.worked_month import page

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]
SECRET = "canary-of-sap-7f3a"
MASTERS = {"wms.orgs", "wms.projects", "wms.buildings", "wms.dwellings", "wms.parties", "wms.contracts", "wms.persons"}


@dataclass(frozen=True)
class Outcome:
    """What a demo left: its folder, its words, and the bytes of its data files after each of two runs."""

    folder: Path
    said: tuple[str, str]
    data: tuple[Mapping[str, bytes], Mapping[str, bytes]]
    history: History

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a published CSV."""
        return self._read(f"published/{name}")

    def fed(self) -> list[dict[str, str]]:
        """The lines of every batch for finance."""
        return [row for name in self.data[0] if name.startswith("feed/") and name.endswith(".csv") for row in self._read(name)]

    def _read(self, name: str) -> list[dict[str, str]]:
        text = self.data[0][name].decode("utf-8-sig")
        return list(csv.DictReader(text.splitlines()))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder, model = tmp_path_factory.mktemp("demo") / "hub", tmp_path_factory.mktemp("model") / "mine.ifc"
    write_tower(Tower("我的项目", "A座", storeys=2, units=1, flats_per_storey=2), model)
    said, data = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_urlsafe", lambda _: SECRET)
        patch.setattr(airflow_local, "USUAL_PORT", 0)  # a demo that somebody starts at the same moment would get it, too
        for _ in range(2):
            with demo.console.capture() as words:
                run_demo(folder, ifc=model, keep=False)
            said.append(words.get())
            files = [*(folder / "published").rglob("*.*"), *(folder / "feed").rglob("*.*")]
            kinds = (".csv", ".parquet", ".bcf", ".xlsx", ".svg")
            data.append({str(file.relative_to(folder)): file.read_bytes() for file in files if file.suffix in kinds})
    history = write_history(stickers_of(towers()), read_words(model))
    return Outcome(folder, (said[0], said[1]), (data[0], data[1]), history)


def test_every_cent_in_the_erp_is_in_the_rollup_and_in_finances_batches(outcome: Outcome) -> None:
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in outcome.history.documents:
        if line["GLAccount"] == COST_ACCOUNT:
            stage = "ACCRUED" if line["AccountingDocumentType"] == "SB" else "ACTUAL"
            expected[str(line["Project"]), stage] += Decimal(str(line["AmountInCompanyCodeCurrency"]))
    booked = [row for row in outcome.rows("cost_rollup.csv") if row["stage"] in ("ACCRUED", "ACTUAL")]
    assert _sums(booked) == expected
    assert _sums(outcome.fed()) == expected


def _sums(rows: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row["project_code"], row["stage"]] += Decimal(row["amount"])
    return found


def test_the_month_that_the_docs_work_by_hand_is_another_one(outcome: Outcome) -> None:
    written = (demo.ROOT / "docs/worked-month.md").read_text(encoding="utf-8")
    assert page(outcome.fed(), outcome.history) == written, "python -m sandbox.worked_month writes it anew"


def test_every_record_of_every_source_is_accounted_for(outcome: Outcome) -> None:
    history = outcome.history
    table = outcome.said[0].partition("Records by source")[2].partition("In quarantine")[0]
    told = dict(re.findall(r"^ +(\w+\.\w+) +([\d,]+) ", table, re.MULTILINE))
    counted = {stream: int(count.replace(",", "")) for stream, count in told.items() if stream != "oa.approvals"}
    expected = {
        **{"wms.orgs": 3, "wms.projects": 4, "wms.buildings": 8, "wms.dwellings": 572, "wms.parties": 9, "wms.contracts": 23},
        "wms.persons": len(history.customers),
        "wms.tickets": len(history.orders),
        "wms.ticket_events": len(history.steps),
        "wms.responsibilities": len(history.duties),
        "wms.repair_plans": len(history.plans),
        "sap.balances": len({_month(line) for line in history.documents if line["GLAccount"] == COST_ACCOUNT}),
        "sap.cost_lines": sum(line["GLAccount"] == COST_ACCOUNT for line in history.documents),
        "sap.purchase_orders": len(list(purchase_orders(history))),
        "calendar.periods": 72,
        "desk.recoveries": len(list(recoveries(history))),
    }
    # Where the clock struck meanwhile, it woke a sync once more, and what is read whole was read twice.
    twice = {stream for stream in expected if counted[stream] == 2 * expected[stream]}
    assert {stream: count // 2 if stream in twice else count for stream, count in counted.items()} == expected
    assert twice <= {"sap.balances", "calendar.periods", "desk.recoveries", "sap.purchase_orders", *MASTERS}


def _month(line: Mapping[str, object]) -> tuple[object, ...]:
    return line["CompanyCode"], line["FiscalYear"], line["FiscalPeriod"]


def test_plans_went_to_the_oa_once_and_their_decisions_came_back(outcome: Outcome) -> None:
    waiting = {plan.plan_no: plan.amount for plan in outcome.history.plans if plan.status == "1"}
    for said in outcome.said:
        sent = re.findall(r"^ +(FA\d+) +([\d,.]+) +DONE +(\d+) +(\w+)", said, re.MULTILINE)
        assert {plan: Decimal(amount.replace(",", "")) for plan, amount, _, _ in sent} == waiting
        assert Counter(decision for *_, decision in sent) == {"APPROVED": 4, "REJECTED": 2}
    assert len((outcome.folder / "weaver.jsonl").read_text(encoding="utf-8").splitlines()) == len(waiting)


def test_the_users_model_gets_defects_on_its_own_elements(outcome: Outcome) -> None:
    located = [row for row in outcome.rows("defects_by_element.csv") if row["project_code"] == "P04" and row["global_id"]]
    assert len(located) > 50
    tags = {item.guid for item in Tower("我的项目", "A座", storeys=2, units=1, flats_per_storey=2).components()}
    assert {row["global_id"] for row in located} <= tags


def test_bcf_selects_elements_that_the_defect_table_names(outcome: Outcome) -> None:
    named = {row["global_id"] for row in outcome.rows("defects_by_element.csv")}
    path = outcome.folder / "published" / "P01.bcf"
    topics = read_bcf(path).topics
    chosen = {item.ifc_guid for topic in topics for viewpoint in topic.viewpoints for item in viewpoint.selection}
    assert len(topics) > 100
    assert chosen & named


def test_a_second_demo_changes_no_figure(outcome: Outcome) -> None:
    first, second = outcome.data
    assert [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)] == []
    assert _figures(outcome.said[0]) == _figures(outcome.said[1])


def _figures(said: str) -> str:
    return said[said.index("Models") : said.index("Done after")]


def test_every_manifest_holds_the_digest_of_its_file(outcome: Outcome) -> None:
    manifests = list((outcome.folder / "published").rglob("*.manifest.json"))
    assert len(manifests) >= 8
    for path in manifests:
        data = path.with_name(path.name.removesuffix(".manifest.json")).read_bytes()
        assert json.loads(path.read_text(encoding="utf-8"))["sha256"] == hashlib.sha256(data).hexdigest()


def test_nothing_personal_or_secret_is_in_any_file_or_word(outcome: Outcome) -> None:
    canaries = {customer.phone for customer in outcome.history.customers} | {SECRET}
    canaries |= {customer.id_card for customer in outcome.history.customers if customer.id_card}
    canaries |= {phone for order in outcome.history.orders for phone in re.findall(r"\d{11}", order.content or "")}
    pattern = re.compile("|".join(sorted(canaries)).encode())
    found = [(name, match[0]) for name, text in _left_behind(outcome) if (match := pattern.search(text))]
    assert len(canaries) > 800
    assert not found


def _left_behind(outcome: Outcome) -> Iterable[tuple[str, bytes]]:
    """Everything but the databases and the models: what was said, logs, published files and what is zipped in them."""
    yield from (("console", said.encode()) for said in outcome.said)
    for path in outcome.folder.rglob("*"):
        if not path.is_file() or "postgres" in path.parts or path.suffix == ".ifc":
            continue
        yield str(path.relative_to(outcome.folder)), path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from ((f"{path.name}/{name}", archive.read(name)) for name in archive.namelist())


def test_nothing_that_was_started_is_left_running(outcome: Outcome) -> None:
    ours = str(outcome.folder)
    left = [
        process.cmdline() for process in psutil.process_iter(["cmdline"]) if ours in " ".join(process.info["cmdline"] or ())
    ]
    assert left == []
