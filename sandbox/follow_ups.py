"""What follows from the story besides: repairs on order in SAP, and a ledger of what is asked back from who is liable."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from sandbox.group import PROJECTS
from sandbox.history import COST_ACCOUNT, END, IN_REPAIR, Duty, History, Plan

ZONE = ZoneInfo("Asia/Shanghai")
ASKED_BACK = 0.1
HEADERS = (
    "行号", "追偿编号", "类型", "步骤", "金额", "日期", "公司代码", "被追偿方", "工单号", "项目", "成本凭证号", "文件号",
    "审批单号",
)  # fmt: skip
COMPANIES = {project.code: project.company_code for project in PROJECTS}


def purchase_orders(history: History) -> Iterator[dict[str, Any]]:
    """An order for each repair that is under way by an approved plan; it bears the plan's number."""
    plans: Mapping[str, Plan] = {plan.order_no: plan for plan in history.plans}
    duties = _first_duties(history)
    under_way = [order for order in history.orders if order.status == IN_REPAIR and order.order_no in plans]
    for number, order in enumerate(under_way, start=4_500_000_001):
        plan, liable = plans[order.order_no], duties.get(order.order_no)
        assignment = {"AccountAssignmentNumber": "01", "GLAccount": COST_ACCOUNT, "WBSElement": order.project_no}
        item = {
            "PurchaseOrderItem": "10", "PurchaseOrderItemText": "维修", "OrderQuantity": Decimal(1),
            "NetPriceAmount": plan.amount, "NetPriceQuantity": Decimal(1), "DocumentCurrency": "CNY",
            "to_AccountAssignment": [assignment],
        }  # fmt: skip
        day, supplier = order.update_time.date(), liable.company_no if liable else None
        yield {
            "PurchaseOrder": str(number), "CompanyCode": COMPANIES[order.project_no], "Supplier": supplier,
            "PurchaseOrderDate": day, "CreationDate": day, "LastChangeDateTime": order.update_time.replace(tzinfo=ZONE),
            "DocumentCurrency": "CNY", "CorrespncInternalReference": plan.plan_no, "to_PurchaseOrderItem": [item],
        }  # fmt: skip


def _first_duties(history: History) -> dict[str, Duty]:
    return {duty.order_no: duty for duty in reversed(history.duties)}


def write_recoveries(path: Path, history: History) -> None:
    """Write the ledger of recoveries anew: a row for each step of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "追偿台账"
    sheet.append(HEADERS)
    for row in recoveries(history):
        sheet.append(list(row))
    book.save(path)


def recoveries(history: History) -> Iterator[Sequence[Any]]:
    """For some invoices the liable party's share is claimed; some of it is agreed, some of that has come in."""
    draw = random.Random("recoveries")
    duties = _first_duties(history)
    approved = {request.form["ticket_no"]: str(request.number) for request in history.requests if request.node == "归档"}
    invoices = (
        line
        for line in history.documents
        if line["GLAccount"] == COST_ACCOUNT
        and line["AccountingDocumentType"] == "KR"
        and not (line["IsReversed"] or line["IsReversal"])
    )
    asked = [(line, duties[name]) for line in invoices if (name := str(line["AssignmentReference"])) in duties]
    for number, (line, duty) in enumerate(((line, duty) for line, duty in asked if draw.random() < ASKED_BACK), start=1):
        kind = _kind(duty, draw)
        shared = (str(line["CompanyCode"]), duty.company_no, duty.order_no, line["Project"], line["AccountingDocument"])
        for step, amount, day, document in _steps(line, duty, number, draw):
            name = f"ZC{number:04d}"
            approval = approved.get(duty.order_no) if step == "确认" else None
            yield f"{name}-{step}", name, kind, step, str(amount), day, *shared, document, approval


def _kind(duty: Duty, draw: random.Random) -> str:
    if duty.company_no is None:
        return "业主自付"
    if duty.reason == "材料":
        return "供应商索赔"
    return draw.choices(("分包反索赔", "质保金扣款", "保险理赔"), (6, 3, 1))[0]


def _steps(
    line: Mapping[str, Any], duty: Duty, number: int, draw: random.Random
) -> Iterable[tuple[str, Decimal, date, str | None]]:
    """Claimed, agreed and received, as far as it came by the story's end; now and then without its document."""
    cent = Decimal("0.01")
    posted, cost = line["PostingDate"], line["AmountInCompanyCodeCurrency"]
    claimed = (cost * duty.percent / 100).quantize(cent)
    agreed = (claimed * draw.choice((100, 100, 80, 60)) / 100).quantize(cent)
    days = [posted + timedelta(days=after + draw.randint(0, 20)) for after in (10, 35, 70)]
    documents = [None if draw.random() < 0.04 else f"{word}{number:04d}" for word in ("索赔函", "确认函", "收款")]
    steps = zip(("索赔", "确认", "收回"), (claimed, agreed, agreed), days, documents, strict=True)
    return [step for step in steps if step[2] <= END.date()]
