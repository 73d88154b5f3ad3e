"""Run inside a Tryton environment: gives a fresh database a company that pays for repairs, and tells what it then holds.

    python tryton_company.py <trytond.conf> <database> <expense account> <provision account>

Prints JSON: what Tryton itself says of its invoice lines, of its expense account by period, and of what it owes.
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from proteus import Model, config  # type: ignore[import-not-found]
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts  # type: ignore[import-not-found]
from trytond.modules.account_invoice.tests.tools import (  # type: ignore[import-not-found]
    set_fiscalyear_invoice_sequences,
)
from trytond.modules.company.tests.tools import create_company, get_company  # type: ignore[import-not-found]
from trytond.modules.currency.tests.tools import get_currency  # type: ignore[import-not-found]

TODAY = date.today()  # noqa: DTZ011 - the day by which Tryton takes its own
SETTINGS, DATABASE, EXPENSE, PROVISION = sys.argv[1:]


def make(model: str, **values: Any) -> Any:
    record = Model.get(model)(**values)
    record.save()
    return record


def found_company() -> Any:
    """Company 1000, its accounts under the numbers of a Chinese chart, a year that numbers its invoices, a dollar."""
    yuan = get_currency("CNY")
    make("currency.currency.rate", date=date.min, rate=Decimal(1), currency=yuan)
    dollar = get_currency("USD")
    for rate in dollar.rates:
        rate.delete()
    make("currency.currency.rate", date=date.min, rate=Decimal("0.140381"), currency=dollar)
    create_company(make("party.party", name="华筑集团华南区域", code="1000"), yuan)
    company = get_company()
    create_chart(company)
    set_fiscalyear_invoice_sequences(create_fiscalyear(company)).save()
    (year,) = Model.get("account.fiscalyear").find([])
    year.click("create_period")
    accounts = get_accounts(company)
    accounts["expense"].code = EXPENSE
    accounts["cash"].code = PROVISION
    for account in (accounts["expense"], accounts["cash"]):
        account.save()
    return accounts


def supplier(name: str, code: str) -> Any:
    party = Model.get("party.party")(name=name, code=code)
    if not party.addresses:
        party.addresses.new()
    party.save()
    return party


def invoice(party: Any, account: Any, lines: list[tuple[str, str, str]], kind: str = "in", currency: Any = None) -> Any:
    """A draft of lines (text, quantity, unit price)."""
    made = Model.get("account.invoice")(type=kind, party=party, invoice_date=TODAY, reference=lines[0][0])
    if currency:
        made.currency = currency
    for text, quantity, price in lines:
        line = made.lines.new()
        line.account = account
        line.description = text
        line.quantity = float(quantity)
        line.unit_price = Decimal(price)
    made.save()
    return made


def enter_invoices(accounts: Any) -> None:
    """Every kind that must, and that must not, become a cost."""
    repairs, material = supplier("江南防水工程有限公司", "V001"), supplier("Façade & Glass Ltd.", "V002")
    leak = invoice(repairs, accounts["expense"], [("WX2025000123 主卧飘窗渗水", "3", "0.1"), ("脚手架", "1", "1728.45")])
    glass = invoice(material, accounts["expense"], [("Glass pane", "7", "100.01")], currency=get_currency("USD"))
    credit = invoice(repairs, accounts["expense"], [("返工扣款", "-1", "100.05")])
    wrong = invoice(repairs, accounts["expense"], [("录错", "1", "55555.55")])
    sold = invoice(repairs, accounts["revenue"], [("废料", "1", "10")], kind="out")
    for one in (leak, glass, credit, wrong, sold):
        one.click("post")
    wrong.click("cancel")
    invoice(repairs, accounts["expense"], [("草稿", "1", "99999")])


def enter_moves(accounts: Any) -> None:
    """A provision of last month, and a draft that nobody posted."""
    for amount, posted in (("8000.01", True), ("7.77", False)):
        (journal,) = Model.get("account.journal").find([("code", "=", "MISC")], limit=1)
        move = Model.get("account.move")(journal=journal, date=TODAY - timedelta(days=31), description="保修准备金")
        for account, debit, credit in ((accounts["expense"], amount, "0"), (accounts["cash"], "0", amount)):
            line = move.lines.new()
            line.account = account
            line.debit, line.credit = Decimal(debit), Decimal(credit)
        move.save()
        if posted:
            move.click("post")


def analyse() -> None:
    """Each posted line of the expense account for two projects, and on another axis for a centre."""
    axes = {code: make("analytic_account.account", name=code, code=code, type="root") for code in ("PROJECTS", "CENTRES")}
    borne = {
        code: make("analytic_account.account", name=code, code=code, type="normal", root=axes[axis], parent=axes[axis])
        for code, axis in (("P01", "PROJECTS"), ("P03", "PROJECTS"), ("C1", "CENTRES"))
    }
    for line in Model.get("account.move.line").find([("move.state", "=", "posted"), ("account.code", "=", EXPENSE)]):
        for code, side in (("P01", Decimal("0.01")), ("P03", line.debit + line.credit - Decimal("0.01"))):
            _bear(line, borne[code], side)
        _bear(line, borne["C1"], line.debit + line.credit)


def _bear(line: Any, account: Any, amount: Decimal) -> None:
    sides = {"debit": amount} if line.debit else {"credit": amount}
    make("analytic_account.line", move_line=line, account=account, date=line.date, **sides)


def order(accounts: Any) -> None:
    """One order that was confirmed, one that is a draft."""
    (party,) = Model.get("party.party").find([("code", "=", "V001")])
    for confirmed in (True, False):
        purchase = Model.get("purchase.purchase")(party=party, reference="WX2025000123", purchase_date=TODAY)
        for text, price in (("外墙维修", "1200.10"), ("防水材料", "300.05")):
            line = purchase.lines.new()
            line.description = text
            line.quantity = 1.0
            line.unit_price = Decimal(price)
        purchase.save()
        if confirmed:
            purchase.click("quote")
            purchase.click("confirm")


def told() -> Iterator[tuple[str, Any]]:
    """What Tryton says itself, in plain text."""
    lines = Model.get("account.invoice.line").find(
        [("invoice.type", "=", "in"), ("invoice.state", "in", ["posted", "paid", "cancelled"])]
    )
    yield "invoice_lines", {str(line.id): f"{line.amount} {line.invoice.currency.code}" for line in lines}
    moved: dict[str, list[str]] = {}
    for line in Model.get("account.move.line").find([("move.state", "=", "posted"), ("account.code", "=", EXPENSE)]):
        moved.setdefault(line.move.period.name, []).append(str(line.debit - line.credit))
    yield "moved", moved
    shares: dict[str, Decimal] = {}
    for line in Model.get("analytic_account.line").find([("account.root.code", "=", "PROJECTS")]):
        shares[line.account.code] = shares.get(line.account.code, Decimal(0)) + line.debit - line.credit
    yield "analysed", {code: f"{amount:.2f}" for code, amount in shares.items()}
    ordered = Model.get("purchase.line").find([("purchase.state", "!=", "draft")])
    yield "ordered", sorted(str(line.amount) for line in ordered)
    yield "periods", sorted(period.name for period in Model.get("account.period").find([]))


def main() -> None:
    config.set_trytond(f"sqlite:///{DATABASE}", config_file=SETTINGS)
    accounts = found_company()
    enter_invoices(accounts)
    enter_moves(accounts)
    analyse()
    order(accounts)
    print(json.dumps(dict(told())))  # noqa: T201


if __name__ == "__main__":
    main()
