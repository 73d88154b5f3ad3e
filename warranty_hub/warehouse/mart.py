"""The views that BI tools read: a contract, version 1. `migrate` makes them anew; docs/mart.md is generated from here.

A column is named once, with what it means in both languages. None holds personal data or free text. What may be read is granted
to the role ``hub_reader`` where the server has one.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from warranty_hub.warehouse.judged import JUDGED
from warranty_hub.warehouse.named import approval_of

VERSION = 1
READER = "hub_reader"


@dataclass(frozen=True)
class View:
    """A view: its query's columns in order, each with its meaning in Chinese and English."""

    name: str
    zh: str
    en: str
    columns: dict[str, tuple[str, str]]
    query: str


_PLACE = {
    "project_code": ("项目编号", "project"),
    "building_code": ("楼栋编号", "building"),
}
_WORDS = {
    "component_code": ("部位编号", "component"),
    "defect_type_code": ("缺陷编号", "defect type"),
}
_BLAME = {
    "cause": ("原因编码", "cause"),
    "party_code": ("责任方编号", "party that is liable"),
    "stage": ("成本阶段,各阶段不得相加", "cost stage; never add stages"),
    "currency": ("币种,各币种不得相加", "currency; never add currencies"),
}

_BEARING = {
    "category": ("费用类别", "what it was spent on"),
    "repairer_code": ("维修方编号(凭证供应商)", "who repaired: the supplier on the voucher"),
    "payer": ("承担方类型", "who is to bear it in the end"),
    "finality": ("责任状态:暂定或最终", "PRELIMINARY until the responsibility is FINAL"),
}

_TICKET_OF = ("工单来源系统;两个来源可能有同一编号", "the ticket's source: two may have one number")

VIEWS = (
    View(
        "cost_line_detail",
        "成本明细:每行为凭证行的一份分摊,可下钻到凭证、工单、审批与构件",
        "Cost in detail: a row is one part of an ERP line, with the way down to voucher, ticket, approval and element",
        {
            "entity": ("公司代码", "legal entity"),
            "period": ("会计期间", "accounting period"),
            "account": ("科目", "account"),
            **_PLACE,
            **_WORDS,
            **_BLAME,
            "amount": ("成本金额,本位币", "cost in the entity's currency, by its basis"),
            "source_system": ("来源系统", "source system"),
            "source_id": ("来源行标识", "id of the line in its source"),
            "document_no": ("凭证号", "voucher"),
            "item_no": ("凭证行号", "item of the voucher"),
            "posting_date": ("过账日期", "posting date"),
            "part": ("分摊序号", "number of the part"),
            "ticket_no": ("工单号", "ticket"),
            "link_method": ("关联方式;未关联时为原因", "how the ticket was found; or why none was"),
            "approval_id": ("审批实例", "instance in the OA that approved the plan"),
            "element_guid": ("构件 IFC GlobalId", "IFC GlobalId of the element"),
            "warranty_state": ("报修时是否在施工单位保修期内", "whether the contractor's warranty covered it when reported"),
            **_BEARING,
            "responsibility_version": ("责任认定版本", "version of the decision on responsibility; null: none yet"),
            "share_bp": ("责任份额(万分比)", "the party's share, in basis points"),
            "repeat_no": ("同一缺陷一年内第几次报修", "the how-manieth report of the same defect there within a year"),
            "settles_part": ("冲销的预提分摊", "part of this accrual that it takes back, since the actual cost is there"),
            "settled_by": ("冲销预提的实际凭证行", "line with the actual cost that ended this accrual"),
            "ticket_system": _TICKET_OF,
        },
        f"""
        SELECT l.company_code AS entity, a.period, l.account, a.project_code, a.building_code,
               a.component_code, a.defect_type_code, a.cause, a.party_code, a.stage, a.currency, a.amount,
               a.source_system, a.source_id, l.document_no, l.item_no, l.posting_date, a.part, a.ticket_no,
               k.method AS link_method, p.approval_id, e.guid AS element_guid, c.state AS warranty_state,
               a.category, a.repairer_code, a.payer, a.finality, a.responsibility_version, a.share_bp, a.repeat_no,
               a.settles_part, k.settled_by, a.ticket_system
        FROM hub.allocation a
        JOIN hub.cost_line l USING (source_system, source_id, fact_version)
        LEFT JOIN hub.cost_link k USING (source_system, source_id)
        LEFT JOIN LATERAL {approval_of("a")} p ON true
        LEFT JOIN hub.defect d ON (d.source_system, d.ticket_id, d.seq) = (a.ticket_system, a.ticket_id, a.defect_seq)
        LEFT JOIN hub.bim_element e USING (element_key)
        LEFT JOIN hub.coverage c ON c.source_system = d.source_system AND c.ticket_id = d.ticket_id AND c.seq = d.seq
                                AND c.clock = 'CONTRACTOR'""",
    ),
    View(
        "published_cost",
        "已推送成本:封存批次的合计,永不改变",
        "Cost as published: sums over sealed batches, which never change",
        {
            "entity": ("公司代码", "legal entity"),
            "posting_period": ("入账期间", "period it was published to"),
            "facts_period": (
                "归属期间;与入账期间不同者为调整",
                "period it belongs to; another one than the posting period: an adjustment",
            ),
            "batch_no": ("批次号", "number of the batch"),
            "sealed_at": ("封存时间", "when it was sealed"),
            "account": ("科目", "account"),
            **_PLACE,
            **_WORDS,
            **_BLAME,
            "amount": ("成本金额", "cost, by its basis"),
            "lines": ("行数", "lines"),
            **_BEARING,
            "settled": ("是否冲销预提", "whether it takes back accruals whose actual cost is there"),
        },
        """
        SELECT b.entity, b.period AS posting_period, l.facts_period, b.seq AS batch_no, b.sealed_at, l.account,
               l.project_code, l.building_code, l.component_code, l.defect_type_code, l.cause, l.party_code, l.stage,
               l.currency, sum(l.amount) AS amount, count(*) AS lines, l.category, l.repairer_code, l.payer, l.finality,
               l.settles_line IS NOT NULL AS settled
        FROM hub.feed_batch b JOIN hub.feed_line l USING (batch_id) WHERE b.state = 'SEALED'
        GROUP BY b.batch_id, l.facts_period, l.account, l.project_code, l.building_code, l.component_code,
                 l.defect_type_code, l.cause, l.party_code, l.stage, l.currency, l.category, l.repairer_code, l.payer,
                 l.finality, l.settles_line IS NOT NULL""",
    ),
    View(
        "voucher_line",
        "凭证行:不含税、税额、含税与计入成本的金额,每行一次计算并留存",
        "A row is one line of a voucher as it stands: net, tax, gross, and what of it is cost; computed once and kept",
        {
            "entity": ("公司代码", "legal entity"),
            "period": ("会计期间", "accounting period"),
            "account": ("科目", "account"),
            "document_no": ("凭证号", "voucher"),
            "item_no": ("凭证行号", "item of the voucher"),
            "posting_date": ("过账日期", "posting date"),
            "stage": ("成本阶段,各阶段不得相加", "cost stage; never add stages"),
            "category": ("费用类别", "what it was spent on"),
            "original_amount": ("原币金额", "net amount in the voucher's currency"),
            "original_currency": ("原币", "the voucher's currency"),
            "rate": ("汇率;空为同币种", "rate; null: nothing to convert"),
            "rate_date": ("汇率日期", "day of the rate"),
            "net": ("不含税金额", "net"),
            "tax": ("税额;空为税额另行入账", "tax; null: it stands on lines of its own"),
            "gross": ("含税金额", "gross"),
            "is_deductible": ("进项税是否可抵扣;空为未说明", "whether the tax is deducted; null: not told"),
            "basis": ("成本口径", "NET, GROSS or BOOKED"),
            "cost": ("计入成本的金额", "what of it is cost"),
            "currency": ("本位币", "the ledger's currency"),
            "supplier_code": ("供应商", "supplier"),
            "order_no": ("订单号", "order"),
            "ticket_no": ("工单号", "ticket"),
            "link_method": ("关联方式;未关联时为原因", "how the ticket was found; or why none was"),
            "source_system": ("来源系统", "source system"),
            "source_id": ("来源行标识", "id of the line in its source"),
            "ticket_system": _TICKET_OF,
        },
        """
        SELECT l.company_code AS entity, l.period, l.account, l.document_no, l.item_no, l.posting_date, l.stage, l.category,
               l.amount AS original_amount, l.currency AS original_currency, b.rate, b.rate_date, b.net, b.tax, b.gross,
               l.is_deductible, b.basis, b.cost, b.currency, l.supplier_code, l.order_no, k.ticket_no, k.method AS link_method,
               source_system, source_id, k.ticket_system
        FROM hub.cost_basis b JOIN hub.cost_line l USING (source_system, source_id, fact_version)
        JOIN hub.cost_link k USING (source_system, source_id)
        WHERE l.deleted_at IS NULL AND NOT EXISTS (
            SELECT FROM hub.cost_line later WHERE (later.source_system, later.source_id) = (l.source_system, l.source_id)
                AND later.fact_version > l.fact_version AND later.deleted_at IS NULL)""",
    ),
    View(
        "location_quality",
        "缺陷定位质量:按项目与方法的数量、得分之和,以及人工复核的结果;先求和再算比率",
        "How good locating is, by project and method: counts, sums of scores, and what people judged; sum, then divide",
        {
            "project_code": ("项目编号", "project"),
            "method": ("定位方法", "how they were located"),
            "defects": ("缺陷数", "defects"),
            "linked": ("已定位到唯一构件", "of these on one element"),
            "waiting": ("待复核", "of these waiting for a person"),
            "score_sum": ("得分之和", "sum of the scores"),
            "judged": ("人工复核过的答案;0 表示准确率未知", "answers that people judged; 0: the accuracy is not known"),
            "held": ("其中候选构件含正确构件", "of these whose candidates held the element"),
            "judged_score_sum": ("复核答案的得分之和", "sum of the judged answers' scores"),
            "squared_error_sum": ("复核答案的误差平方和(Brier)", "sum of their squared errors, for the Brier score"),
        },
        f"""
        SELECT project_code, method, coalesce(defects, 0) AS defects, coalesce(linked, 0) AS linked,
               coalesce(waiting, 0) AS waiting, coalesce(score_sum, 0) AS score_sum, coalesce(judged, 0) AS judged,
               coalesce(held, 0) AS held, coalesce(judged_score_sum, 0) AS judged_score_sum,
               coalesce(squared_error_sum, 0) AS squared_error_sum
        FROM (SELECT d.project_code, d.method, count(*) AS defects, count(d.element_key) AS linked,
                     count(*) FILTER (WHERE d.state = 'REVIEW') AS waiting, sum(d.confidence) AS score_sum
              FROM hub.defect d
              JOIN hub.ticket t ON (t.source_system, t.source_id) = (d.source_system, d.ticket_id) AND t.deleted_at IS NULL
              GROUP BY 1, 2) AS located
        FULL JOIN (SELECT project_code, method, count(*) AS judged, count(*) FILTER (WHERE held) AS held,
                          sum(score) AS judged_score_sum,
                          sum((score - CAST(held AS integer)) * (score - CAST(held AS integer))) AS squared_error_sum
                   FROM ({JUDGED}) AS judged GROUP BY 1, 2) AS said USING (project_code, method)""",
    ),
    View(
        "repeat_defect",
        "重复缺陷:同一构件(或房间)、同一部位、同一缺陷一年内多次报修",
        "Defects that come back: the same on the same element (else room) within a year",
        {
            "project_code": ("项目编号", "project"),
            "ticket_no": ("工单号", "ticket"),
            "defect_no": ("缺陷序号", "number of the defect within the ticket"),
            **_WORDS,
            "place_id": ("位置", "place"),
            "element_guid": ("构件 IFC GlobalId", "IFC GlobalId of the element"),
            "reported_on": ("报修日", "day of the report"),
            "repeat_no": ("一年内第几次", "the how-manieth within a year; from 3 on it is flagged"),
        },
        """
        SELECT d.project_code, d.ticket_no, r.seq AS defect_no, d.component_code, d.defect_type_code, d.place_id,
               e.guid AS element_guid, r.reported_on, r.repeat_no
        FROM hub.defect_repeat r JOIN hub.defect d USING (source_system, ticket_id, seq)
        LEFT JOIN hub.bim_element e USING (element_key)
        WHERE r.repeat_no > 1""",
    ),
    View(
        "recovery",
        "追偿:每笔追偿的索赔、确认、收回与核销,以及证据缺口",
        "Recoveries: what each has come to, and what its proof lacks; claimed is not agreed, agreed is not received",
        {
            "entity": ("公司代码", "legal entity"),
            "recovery_no": ("追偿编号", "recovery"),
            "kind": ("追偿类型", "from where it comes back"),
            "party_code": ("被追偿方", "party it comes from"),
            "project_code": ("项目编号", "project"),
            "ticket_no": ("工单号", "ticket"),
            "cost_document": ("成本凭证号", "voucher of the cost"),
            "cost": ("该凭证成本;空为未找到凭证", "cost of that voucher; null: not known"),
            "currency": ("币种,各币种不得相加", "currency; never add currencies"),
            "claimed": ("已索赔", "claimed"),
            "agreed": ("已确认", "agreed"),
            "received": ("已收回", "received"),
            "written_off": ("已核销", "written off"),
            "open": ("已确认未收回", "agreed, and neither received nor written off"),
            "claimed_on": ("首次索赔日", "day of the first claim"),
            "agreed_on": ("最近确认日", "day of the last agreement"),
            "received_on": ("最近收款日", "day of the last receipt"),
            "claim_documents": ("索赔文件", "documents of the claim"),
            "agreement_documents": ("确认文件", "documents of the agreement"),
            "receipt_documents": ("收款凭证", "vouchers of the receipt"),
            "approval_ids": ("审批实例", "instances in the OA"),
            "gaps": ("证据缺口;空为齐全", "what the proof lacks; empty: nothing"),
            "source_system": ("来源系统", "source system"),
        },
        """
        SELECT c.company_code AS entity, c.recovery_no, c.kind, c.party_code, c.project_code, c.ticket_no, c.cost_document,
               c.cost, c.currency, c.claimed, c.agreed, c.received, c.written_off,
               c.agreed - c.received - c.written_off AS open, l.claimed_on, l.agreed_on, l.received_on, l.claim_documents,
               l.agreement_documents, l.receipt_documents, l.approval_ids, c.gaps, c.source_system
        FROM hub.recovery_case c
        CROSS JOIN LATERAL (
            SELECT min(day) FILTER (WHERE step = 'CLAIMED') AS claimed_on, max(day) FILTER (WHERE step = 'AGREED') AS agreed_on,
                   max(day) FILTER (WHERE step = 'RECEIVED') AS received_on,
                   string_agg(document_no, ', ' ORDER BY day, source_id) FILTER (WHERE step = 'CLAIMED') AS claim_documents,
                   string_agg(document_no, ', ' ORDER BY day, source_id) FILTER (WHERE step = 'AGREED') AS agreement_documents,
                   string_agg(document_no, ', ' ORDER BY day, source_id) FILTER (WHERE step = 'RECEIVED') AS receipt_documents,
                   string_agg(DISTINCT approval_id, ', ') AS approval_ids
            FROM hub.recovery_line r
            WHERE (r.source_system, r.company_code, r.recovery_no, r.currency)
                = (c.source_system, c.company_code, c.recovery_no, c.currency) AND r.deleted_at IS NULL) l""",
    ),
    View(
        "coverage",
        "保修覆盖:每个缺陷、每个保修主体一行",
        "Coverage: a row for each defect and clock",
        {
            "project_code": ("项目编号", "project"),
            "ticket_no": ("工单号", "ticket"),
            "defect_no": ("缺陷序号", "number of the defect within the ticket"),
            **_WORDS,
            "category": ("保修类别", "warranty category"),
            "clock": ("保修主体", "whose liability runs"),
            "rule_id": ("适用规则", "rule"),
            "first_day": ("起始日", "first day"),
            "last_day": ("截止日,含当日", "last day, still covered"),
            "reported_on": ("报修日", "day of the report, which decides"),
            "state": ("状态", "COVERED, EXPIRED, NOT_STARTED or UNKNOWN"),
            "reason": ("未知的原因", "why it is UNKNOWN"),
        },
        """
        SELECT c.project_code, d.ticket_no, c.seq AS defect_no, d.component_code, d.defect_type_code, c.category, c.clock,
               c.rule_id, c.first_day, c.last_day, c.reported_on, c.state, c.reason
        FROM hub.coverage c JOIN hub.defect d USING (source_system, ticket_id, seq)""",
    ),
    View(
        "reconciliation",
        "对账:成本行合计与总账余额,按公司、科目、期间",
        "Reconciliation: cost lines against the general ledger, by entity, account and period",
        {
            "entity": ("公司代码", "legal entity"),
            "account": ("科目", "account"),
            "period": ("会计期间", "accounting period"),
            "currency": ("币种", "currency"),
            "lines_amount": ("成本行合计", "sum of the cost lines; null: none"),
            "balance_amount": ("总账发生额", "what the account moved; null: the ERP tells no balance"),
            "difference": ("差额", "lines less balance"),
        },
        """
        SELECT entity, account, period, currency, line.amount AS lines_amount, balance.amount AS balance_amount,
               coalesce(line.amount, 0) - coalesce(balance.amount, 0) AS difference
        FROM (SELECT company_code AS entity, account, period, base_currency AS currency,
                     sum(coalesce(cost, base_amount)) AS amount
              FROM (SELECT DISTINCT ON (source_system, source_id) * FROM hub.cost_line
                    ORDER BY source_system, source_id, fact_version DESC) newest
              LEFT JOIN hub.cost_basis USING (source_system, source_id, fact_version)
              WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4) line
        FULL JOIN (SELECT company_code AS entity, account, period, currency, sum(debit - credit) AS amount
                   FROM hub.gl_balance WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4) balance
        USING (entity, account, period, currency)""",
    ),
    View(
        "ticket_reconciliation",
        "对账:工单批准金额与ERP入账,按项目、期间;合计即两侧总额",
        "Reconciliation: approved by tickets against booked in the ERP, by project and period; the rows sum to either side",
        {
            "entity": ("公司代码", "legal entity"),
            "project_code": _PLACE["project_code"],
            "period": ("会计期间", "accounting period"),
            "currency": ("币种", "currency"),
            "kind": (
                "对账结果",
                "MATCHED, TIMING (in another period), AMOUNT, ONLY_TICKETS, ONLY_ERP or UNSTATED (no amount was approved)",
            ),
            "ticket_no": ("工单号;空:成本行未关联工单", "ticket; null: a cost line that belongs to none"),
            "source_system": ("来源系统", "source system of that line"),
            "source_id": ("来源行标识", "id of that line in its source"),
            "tickets_amount": ("工单侧:该期间批准金额", "approved in this period"),
            "erp_amount": ("ERP侧:该期间入账,不含税", "booked in this period, net, stages ACTUAL and ACCRUED"),
            "difference": ("差额", "booked less approved"),
        },
        """
        SELECT entity, project_code, period, currency, kind, ticket_no, source_system, source_id, tickets_amount, erp_amount,
               erp_amount - tickets_amount AS difference
        FROM hub.recon_item""",
    ),
    View(
        "freshness",
        "数据时效:每个数据流最近一次成功",
        "Freshness: the last success of each stream and step",
        {
            "step": ("步骤", "step"),
            "unit": ("数据流或单元", "stream or unit"),
            "succeeded_at": ("最近成功时间", "last success"),
            "read_up_to": ("已读至(来源时间)", "source time up to which everything has been read"),
        },
        "SELECT step, unit, succeeded_at, position AS read_up_to FROM ops.cursor",
    ),
)


def drop_views(db: Connection) -> None:
    """Take the views away before the tables below them change."""
    for view in VIEWS:
        db.execute(text(f"DROP VIEW IF EXISTS mart.{view.name}"))


def make_views(db: Connection) -> None:
    """Make every view, with its comments, and let ``hub_reader`` read the schema if there is such a role."""
    for view in VIEWS:
        db.execute(text(f"CREATE VIEW mart.{view.name} ({', '.join(view.columns)}) AS {view.query}"))
        db.execute(text(f"COMMENT ON VIEW mart.{view.name} IS '{_quoted(view.zh)} | {_quoted(view.en)} (v{VERSION})'"))
        for column, (zh, en) in view.columns.items():
            db.execute(text(f"COMMENT ON COLUMN mart.{view.name}.{column} IS '{_quoted(zh)} | {_quoted(en)}'"))
    if db.execute(text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)"), {"role": READER}).scalar_one():
        db.execute(text(f"GRANT USAGE ON SCHEMA mart TO {READER}"))
        db.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA mart TO {READER}"))


def _quoted(words: str) -> str:
    return words.replace("'", "''").replace(":", r"\:")


def page() -> str:
    """The page docs/mart.md."""
    lines = [
        "# What BI tools read",
        "",
        f"Generated by `python -m warranty_hub.warehouse.mart`: the views of schema `mart`, version {VERSION}.",
    ]
    lines += [
        "A column is appended, none is moved or renamed without another version. `mart.cost_month` and `mart.cost_org_month`",
        "are the tables of the rollup: by all dimensions, and by the organisation as it was on the last day of each period.",
        "",
    ]
    for view in VIEWS:
        lines += [
            f"## `mart.{view.name}`",
            "",
            f"{view.zh}",
            "",
            f"{view.en}.",
            "",
            "| column | 含义 | meaning |",
            "|---|---|---|",
        ]
        lines += [f"| `{column}` | {zh} | {en} |" for column, (zh, en) in view.columns.items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
