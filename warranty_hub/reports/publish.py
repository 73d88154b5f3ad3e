"""Publish everything: the finance files, the files for BIM tools, and the report for management.

All files of a publication show the facts of one moment, and they replace the former ones together.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, text

from connectors.bim.bcf import Version, write_bcf
from connectors.bim.bcf.picture import pictures_in
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.reports.analytics.figures import Monthly, figures
from warranty_hub.reports.analytics.page import write_page, write_plans
from warranty_hub.reports.bim import defects_by_element
from warranty_hub.reports.bim.issues import issues_by_project
from warranty_hub.reports.bim.plans import damaged_models, model_plans
from warranty_hub.reports.finance.cost_rollup import (
    COLUMNS,
    checked,
    control_totals,
    cost_rows,
)
from warranty_hub.reports.finance.cross_table import cross_tables
from warranty_hub.reports.finance.workbook import Contents, Note, write_workbook
from warranty_hub.reports.parquet import write_parquet
from warranty_hub.reports.publication import Publication, PublishedFile, publication
from warranty_hub.reports.table import TEXT_RULE, described, write_csv


def publish(
    db: Connection,
    folder: Path,
    run_id: int,
    *,
    organisation: str,
    as_of: datetime,
    stale: Sequence[str],
    artefacts: ArtefactStore,
    bcf_version: Version = "2.1",
) -> list[PublishedFile]:
    """Write all reports into the folder and return the files. ``artefacts`` has the models' triangles, for plans.

    ``as_of`` carries the organisation's zone: months and days are cut in it. ``stale`` names the streams that are late; the
    reports say so. Raises CountingError when written rows do not sum to the mart, OSError when the folder cannot be written;
    then the former publication still stands.
    """
    _see_one_moment(db)
    with publication(folder, run_id=run_id, as_of=as_of, stale=stale) as files:
        found = figures(db, zone=str(as_of.tzinfo), stale=stale)
        _finance(db, files, found.cost_by_month, list(_notes(db, organisation, as_of, stale)))
        left_out = _bim(db, files, found.defects.total, as_of.tzinfo, bcf_version, former=folder)
        plans = {model: _plans(db, artefacts, files, model, organisation, as_of) for model in damaged_models(db)}
        page = partial(write_page, figures=found, organisation=organisation, as_of=as_of, stale=stale)
        files.add("report.html", partial(page, left_out=left_out, plans=plans))
        return files.release()


def _see_one_moment(db: Connection) -> None:
    """Later statements see what the first one saw. In a dry run the transaction has begun long ago, and nothing else writes."""
    if not db.in_nested_transaction():
        db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def _finance(db: Connection, files: Publication, by_month: Monthly, notes: Sequence[Note]) -> None:
    totals = control_totals(db)
    about: dict[str, Any] = {
        "columns": described(COLUMNS),
        "rows": sum(total.rows for total in totals),
        "control_totals": [total.described() for total in totals],
    }
    files.add(
        "cost_rollup.csv", lambda path: write_csv(path, COLUMNS, checked(cost_rows(db), totals)), **about, text_rule=TEXT_RULE
    )
    files.add("cost_rollup.parquet", lambda path: write_parquet(path, COLUMNS, checked(cost_rows(db), totals)), **about)
    beside = Contents(totals, list(cross_tables(db)), by_month, notes)
    files.add("cost_rollup.xlsx", lambda path: write_workbook(path, checked(cost_rows(db), totals), beside), **about)


def _notes(db: Connection, organisation: str, as_of: datetime, stale: Sequence[str]) -> Iterator[Note]:
    """Facts only, so that the same facts give the same workbook; the moment of publishing stands in the manifest."""
    newest = db.execute(text("SELECT max(recorded_at) FROM hub.cost_line")).scalar_one()
    yield "组织", "Organisation", organisation
    yield "成本数据截至", "Cost facts as of", newest.astimezone(as_of.tzinfo).isoformat(timespec="seconds") if newest else "–"
    yield "过期数据源", "Stale sources", ", ".join(stale) or "无 none"
    yield "金额", "Amounts", "不含税;各阶段、各币种不得相加。 Net of tax; never add stages or currencies together."
    yield "舍入", "Rounding", "按币种最小单位舍入,合计不变。 Rounded to the currency's unit, the total is kept."
    yield "精确金额", "Exact amounts", "cost_rollup.csv, cost_rollup.parquet"
    yield "未关联工单", "Not linked", "凭证未找到唯一工单(UNLINKED)。 No single ticket could be found for these lines."


def _bim(
    db: Connection, files: Publication, defects: int, zone: tzinfo | None, bcf_version: Version, *, former: Path
) -> dict[str, int]:
    """Returns by BCF file how many issues did not fit into it, where there are any.

    Pictures that the ``former`` publication has are taken from there.
    """
    left_out: dict[str, int] = {}
    files.add(
        "defects_by_element.csv",
        lambda path: write_csv(path, defects_by_element.COLUMNS, defects_by_element.defect_rows(db, str(zone))),
        columns=described(defects_by_element.COLUMNS),
        rows=defects,
        text_rule=TEXT_RULE,
    )
    for issues in issues_by_project(db, zone, drawn=lambda code: pictures_in(former / _bcf_name(code))):
        name = _bcf_name(issues.project_code)
        if issues.left_out:
            left_out[name] = issues.left_out
        files.add(
            name,
            partial(write_bcf, bcf=issues.bcf, version=bcf_version),
            bcf_version=bcf_version,
            topics=len(issues.bcf.topics),
            left_out=issues.left_out,
        )
    return left_out


def _bcf_name(project_code: str) -> str:
    return f"{_safe(project_code)}.bcf"


def _plans(
    db: Connection, artefacts: ArtefactStore, files: Publication, model_id: str, organisation: str, as_of: datetime
) -> str:
    """A model's page and its plans. Returns the page's name."""
    model = model_plans(db, artefacts, model_id)
    folder = _safe(model_id)
    for plan in model.plans:
        if plan.svg is not None:
            files.add(
                f"plans/{folder}/{plan.file_name}", partial(_write_text, words=plan.svg), model=model_id, storey=plan.storey
            )
    name = f"plans/{folder}.html"
    files.add(
        name, partial(write_plans, model=model, organisation=organisation, as_of=as_of, folder=quote(folder)), model=model_id
    )
    return quote(name)


def _write_text(path: Path, words: str) -> None:
    path.write_text(words, encoding="utf-8")


def _safe(code: str) -> str:
    """A code may hold what a path must not."""
    return quote(code, safe="")
