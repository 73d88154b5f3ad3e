"""The figures of the report. Each is summed by SQL here and nowhere else; a rate is published with its two sums.

Costs in charts are those of one stage and currency (ACTUAL, and the currency with the most rows): stages and currencies are
never added together. All of them stand in `Figures.totals`. Which tickets count, rules/tickets.py says.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from mappings.lexicon import Label, label
from warranty_hub.reports.queries import LIVING_DEFECTS, lead_currency, one_name
from warranty_hub.rules.tickets import NOT_COUNTED, SETTLED

MONTHS = 36  # that a chart shows
SERIES = 6  # that can be told apart by color
OTHERS = "\x7fothers"  # no code has this text, and it sorts last
OTHERS_LABEL = Label("其他", "others")
UNDECIDED = Label("未定责", "not decided")


@dataclass(frozen=True)
class Series:
    """One color of a chart: a value for each month."""

    label: Label
    values: tuple[Decimal, ...]


@dataclass(frozen=True)
class Monthly:
    """Values by month; no months when there is nothing to show."""

    months: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()


@dataclass(frozen=True)
class Item:
    """One bar."""

    label: Label
    value: Decimal


@dataclass(frozen=True)
class Tickets:
    """``counted`` leaves out the ``excluded`` ones; ``open`` are those of it whose repair is not accepted yet."""

    counted: int
    open: int
    excluded: int


@dataclass(frozen=True)
class Defects:
    """``linked`` to exactly one element, waiting for ``review``, or with a place ``elsewhere`` or none at all.

    ``modelled``: those in buildings that have a model; the others cannot be linked, however well they are described.
    """

    total: int
    modelled: int
    linked: int
    review: int

    @property
    def elsewhere(self) -> int:
        """Defects that have no element, nor candidates for one."""
        return self.total - self.linked - self.review


@dataclass(frozen=True)
class Method:
    """How defects were located: how many, how many of them linked to one element, and the sum of their confidence."""

    label: Label
    defects: int
    linked: int
    confidence_sum: Decimal


@dataclass(frozen=True)
class JudgedMethod:
    """What people judged of a method's answers in a project: how many, how many held the element, the sum of their scores."""

    project_code: str
    label: Label
    judged: int
    held: int
    score_sum: Decimal


@dataclass(frozen=True)
class CostTotal:
    """All costs of a currency and stage, and how much of it belongs to no ticket."""

    currency: str
    stage: str
    stage_label: Label
    amount: Decimal
    unlinked: Decimal


@dataclass(frozen=True)
class UnlinkedCost:
    """Cost lines that belong to no ticket, by the reason why not."""

    reason: Label
    currency: str
    stage: Label
    lines: int
    amount: Decimal


@dataclass(frozen=True)
class TopElement:
    """A building element with many defects."""

    ifc_class: str
    name: str | None
    tag: str | None
    guid: str | None
    project_code: str
    place: str | None
    defects: int


@dataclass(frozen=True)
class Approvals:
    """One state of OA instances and how many are in it."""

    state: str
    label: Label
    count: int


@dataclass(frozen=True)
class Stream:
    """When a source's stream was last brought up to date; None: never."""

    unit: str
    succeeded_at: datetime | None
    stale: bool


@dataclass(frozen=True)
class Model:
    """A building model: its newest good revision, or a file that was refused and why."""

    project_code: str
    model_id: str
    file_name: str
    status: str
    elements: int | None
    indexed_at: datetime
    reason: str | None


@dataclass(frozen=True)
class Figures:
    """Everything the report shows. ``currency`` is that of the charts, None while there are no ACTUAL costs."""

    currency: str | None
    tickets: Tickets
    defects: Defects
    totals: Sequence[CostTotal]
    cost_by_month: Monthly
    cost_by_component: Sequence[Item]
    cost_by_cause: Sequence[Item]
    cost_by_party: Sequence[Item]
    tickets_by_month: Monthly
    methods: Sequence[Method]
    judged: Sequence[JudgedMethod]
    top_elements: Sequence[TopElement]
    approvals: Sequence[Approvals]
    unlinked: Sequence[UnlinkedCost]
    streams: Sequence[Stream]
    models: Sequence[Model]

    @property
    def lead(self) -> CostTotal | None:
        """The total that the charts break down."""
        return next((total for total in self.totals if (total.currency, total.stage) == (self.currency, "ACTUAL")), None)


def figures(db: Connection, *, zone: str, stale: Sequence[str]) -> Figures:
    """Compute all figures. Months of tickets are cut in ``zone``; ``stale`` names the streams that are late."""
    currency = lead_currency(db)
    return Figures(
        currency=currency,
        tickets=Tickets(**db.execute(text(_TICKETS), {"not_counted": [*NOT_COUNTED], "settled": [*SETTLED]}).one()._mapping),
        defects=Defects(**db.execute(text(_DEFECTS)).one()._mapping),
        totals=[
            CostTotal(row.currency, row.stage, label("cost_stage", row.stage), row.amount, row.unlinked)
            for row in db.execute(text(_TOTALS))
        ],
        cost_by_month=_cost_by_month(db, currency),
        cost_by_component=_items(db, _BY_COMPONENT, currency, lambda code, _: label("component", code)),
        cost_by_cause=_items(db, _BY_CAUSE, currency, lambda code, _: label("cause", code)),
        cost_by_party=_items(
            db, _BY_PARTY, currency, lambda code, name: Label(name or code, name or code) if code else UNDECIDED
        ),
        tickets_by_month=_tickets_by_month(db, zone),
        methods=[
            Method(label("locate_method", row.method), row.defects, row.linked, row.confidence_sum)
            for row in db.execute(text(_METHODS))
        ],
        judged=[
            JudgedMethod(row.project_code, label("locate_method", row.method), row.judged, row.held, row.judged_score_sum)
            for row in db.execute(text(_JUDGED))
        ],
        top_elements=[TopElement(**row._mapping) for row in db.execute(text(_TOP_ELEMENTS))],
        approvals=[
            Approvals(row.state, label("approval_state", row.state), row.approvals) for row in db.execute(text(_APPROVALS))
        ],
        unlinked=[
            UnlinkedCost(label("link_method", row.method), row.currency, label("cost_stage", row.stage), row.lines, row.amount)
            for row in db.execute(text(_UNLINKED))
        ],
        streams=[
            Stream(row.unit, row.succeeded_at, row.unit in stale) for row in db.execute(text(_STREAMS), {"stale": list(stale)})
        ],
        models=[Model(**row._mapping) for row in db.execute(text(_MODELS))],
    )


def _cost_by_month(db: Connection, currency: str | None) -> Monthly:
    """ACTUAL cost by month and project, the newest months, the biggest projects by name."""
    rows = db.execute(text(_COST_BY_MONTH), {"currency": currency, "months": MONTHS, "series": SERIES}).all()
    return _monthly(rows, lambda code, name: Label(name or code, name or code))


def _tickets_by_month(db: Connection, zone: str) -> Monthly:
    rows = db.execute(
        text(_TICKETS_BY_MONTH), {"zone": zone, "not_counted": [*NOT_COUNTED], "months": MONTHS, "series": SERIES}
    ).all()
    return _monthly(rows, lambda code, _: label("defect_type", code) if code else label("defect_type", "UNKNOWN"))


Namer = Callable[[str, str | None], Label]


def _monthly(rows: Sequence[Any], named: Namer) -> Monthly:
    """Rows of (month, code, name, value) as one series a code, the biggest first. A code None: nothing in that month."""
    months = tuple(sorted({row.month for row in rows}))
    names = {
        row.code: OTHERS_LABEL if row.code == OTHERS else named(row.code, row.name) for row in rows if row.code is not None
    }
    values = {(row.code, row.month): row.value for row in rows}
    series = {code: tuple(values.get((code, month), Decimal(0)) for month in months) for code in names}
    order = sorted(series, key=lambda code: (code == OTHERS, -sum(map(abs, series[code])), code))
    return Monthly(months, tuple(Series(names[code], series[code]) for code in order))


def _items(db: Connection, query: str, currency: str | None, named: Namer) -> list[Item]:
    rows: Iterable[Any] = db.execute(text(query), {"currency": currency})
    return [Item(OTHERS_LABEL if row.code == OTHERS else named(row.code, row.name), row.value) for row in rows]


_TICKETS = """
    SELECT count(*) FILTER (WHERE NOT out) AS counted,
           count(*) FILTER (WHERE NOT out AND reported_state <> ALL(:settled)) AS open,
           count(*) FILTER (WHERE out) AS excluded
    FROM (SELECT reported_state, reported_state = ANY(:not_counted) AS out
          FROM hub.ticket WHERE deleted_at IS NULL) t"""

_DEFECTS = f"""
    SELECT count(*) AS total, count(d.element_key) AS linked,
           count(*) FILTER (WHERE d.element_key IS NULL AND d.state = 'REVIEW') AS review,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM hub.bim_revision r WHERE r.current AND r.project_code = d.project_code
               AND (r.building_code IS NULL OR r.building_code = p.building OR d.element_key IS NOT NULL))) AS modelled
    FROM {LIVING_DEFECTS} LEFT JOIN hub.place p ON p.place_id = d.place_id"""

_METHODS = f"""
    SELECT d.method, count(*) AS defects, count(d.element_key) AS linked, sum(d.confidence) AS confidence_sum
    FROM {LIVING_DEFECTS} GROUP BY 1 ORDER BY 2 DESC, 1"""

_JUDGED = """
    SELECT project_code, method, judged, held, judged_score_sum FROM mart.location_quality
    WHERE judged > 0 ORDER BY project_code, judged DESC, method"""

_TOTALS = """
    SELECT currency, stage, sum(amount) AS amount,
           coalesce(sum(amount) FILTER (WHERE component_code = 'UNLINKED'), 0) AS unlinked
    FROM mart.cost_month GROUP BY 1, 2 ORDER BY 1, 2"""

_ACTUAL = "mart.cost_month WHERE stage = 'ACTUAL' AND currency = :currency"

_COST_BY_MONTH = f"""
    WITH month AS (SELECT DISTINCT period FROM {_ACTUAL} ORDER BY 1 DESC LIMIT :months),
    cost AS (SELECT period AS month, project_code, sum(amount) AS amount
             FROM {_ACTUAL} AND period IN (SELECT period FROM month) GROUP BY 1, 2),
    big AS (SELECT project_code FROM cost GROUP BY 1 ORDER BY sum(abs(amount)) DESC, 1 LIMIT :series),
    name AS {one_name("project")}
    SELECT month, coalesce(big.project_code, '{OTHERS}') AS code, min(name.name) AS name, sum(amount) AS value
    FROM cost LEFT JOIN big USING (project_code) LEFT JOIN name ON name.code = big.project_code
    GROUP BY 1, 2 ORDER BY 1, 2"""


def _ranked(code: str, name: str, source: str, most: int) -> str:
    """Sums by a code, the biggest first, what is behind the first ``most`` as one."""
    return f"""
    WITH part AS (SELECT {code} AS code, sum(amount) AS value FROM {source} GROUP BY 1),
    ranked AS (SELECT part.*, row_number() OVER (ORDER BY value DESC, code) AS place FROM part)
    SELECT CASE WHEN place <= {most} THEN code ELSE '{OTHERS}' END AS code,
           min(CASE WHEN place <= {most} THEN {name} END) AS name, sum(value) AS value
    FROM ranked GROUP BY 1 ORDER BY min(place)"""


_BY_COMPONENT = _ranked("component_code", "NULL::text", _ACTUAL, 12)
_BY_CAUSE = _ranked("cause", "NULL::text", _ACTUAL, 12)
_BY_PARTY = _ranked("party_code", f"(SELECT name FROM {one_name('party')} party WHERE party.code = ranked.code)", _ACTUAL, 8)

_TICKETS_BY_MONTH = f"""
    WITH reported AS (
        SELECT to_char(t.reported_at AT TIME ZONE :zone, 'YYYY-MM') AS month,
               coalesce(d.code, '') AS code
        FROM hub.ticket t
        LEFT JOIN (SELECT source_system, ticket_id, min(defect_type_code) AS code FROM hub.defect GROUP BY 1, 2) d
            ON d.source_system = t.source_system AND d.ticket_id = t.source_id
        WHERE t.deleted_at IS NULL AND t.reported_state <> ALL(:not_counted)
    ),
    month AS (
        SELECT to_char(day, 'YYYY-MM') AS month
        FROM (SELECT min(month) AS first, max(month) AS last FROM reported) r,
             generate_series((first || '-01')::timestamp, (last || '-01')::timestamp, '1 month') AS day
        ORDER BY 1 DESC LIMIT :months
    ),
    recent AS (SELECT reported.* FROM reported JOIN month USING (month)),
    big AS (SELECT code FROM recent GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT :series)
    SELECT month.month, CASE WHEN recent.code IS NULL THEN NULL ELSE coalesce(big.code, '{OTHERS}') END AS code,
           NULL AS name, count(recent.code)::numeric AS value
    FROM month LEFT JOIN recent USING (month) LEFT JOIN big USING (code)
    GROUP BY 1, 2 ORDER BY 1, 2"""

_TOP_ELEMENTS = f"""
    WITH many AS (SELECT d.element_key, count(*) AS defects FROM {LIVING_DEFECTS}
                  WHERE d.element_key IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10)
    SELECT e.ifc_class, e.name, e.tag, e.guid, r.project_code,
           concat_ws(' / ', r.building_code, storey.name, coalesce(space.long_name, space.name)) AS place, many.defects
    FROM many JOIN hub.bim_element_revision e USING (element_key)
    JOIN hub.bim_revision r ON r.revision_id = e.revision_id AND r.current
    LEFT JOIN hub.bim_storey storey ON storey.revision_id = e.revision_id AND storey.step_id = e.storey_step
    LEFT JOIN hub.bim_space space ON space.revision_id = e.revision_id AND space.step_id = e.space_step
    ORDER BY many.defects DESC, e.ifc_class, e.guid, e.element_key"""

_APPROVALS = "SELECT state, count(*) AS approvals FROM hub.approval WHERE deleted_at IS NULL GROUP BY 1 ORDER BY 2 DESC, 1"

_UNLINKED = """
    SELECT l.method, a.currency, a.stage, count(DISTINCT (a.source_system, a.source_id)) AS lines, sum(a.amount) AS amount
    FROM hub.cost_link l JOIN hub.allocation a USING (source_system, source_id)
    WHERE l.ticket_no IS NULL GROUP BY 1, 2, 3 ORDER BY 2, 3, 5 DESC, 1"""

_STREAMS = """
    SELECT unit, max(succeeded_at) AS succeeded_at
    FROM (SELECT unit, succeeded_at FROM ops.cursor WHERE step = 'sync'
          UNION ALL SELECT unnest(CAST(:stale AS text[])), NULL) s
    GROUP BY 1 ORDER BY 1"""

_MODELS = """
    SELECT DISTINCT ON (project_code, model_id) project_code, model_id, file_name, status,
           (counts ->> 'elements')::int AS elements, indexed_at, reason
    FROM hub.bim_revision WHERE current OR status = 'REFUSED'
    ORDER BY project_code, model_id, revision_id DESC"""
