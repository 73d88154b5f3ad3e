"""What of a voucher's line is cost: its net amount where the tax is deducted, its gross amount where it is not.

Source: 增值税暂行条例 art. 9, 10 and 财税〔2016〕36号: input tax is deductible by a special invoice under the general method,
and is not for simplified taxation (简易计税), ordinary invoices, compensation and welfare. It is computed once for each version
of a line and stored: a setting that changes later speaks of later lines only.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from warranty_hub.money import quantise
from warranty_hub.records.codes import CostBasis

RATE_DIGITS = Decimal("0.000000001")


class Voucher(NamedTuple):
    """What a line says of its amounts, in its own currency and in the ledger's; None: the source does not tell."""

    amount: Decimal
    currency: str
    base_amount: Decimal
    base_currency: str
    tax_amount: Decimal | None
    is_deductible: bool | None
    rate: Decimal | None
    rate_date: date | None
    posting_date: date


class Basis(NamedTuple):
    """A line's amounts in the ledger's currency, and which of them is its cost."""

    basis: CostBasis
    net: Decimal
    tax: Decimal | None
    gross: Decimal | None
    cost: Decimal
    currency: str
    rate: Decimal | None
    rate_date: date


def basis_of(voucher: Voucher, entity_basis: CostBasis) -> Basis:
    """``entity_basis`` decides where the line itself does not say whether its tax is deductible.

    BOOKED: the line tells no tax, since the ERP keeps it on lines of its own; what cannot be deducted it has booked as cost.
    The rate is the one that was told, else the one by which the ERP converted; an amount is never converted anew.
    """
    rate = _rate(voucher)
    rate_date = voucher.rate_date or voucher.posting_date
    net, tax = voucher.base_amount, _tax(voucher, rate)
    if tax is None:
        return Basis(CostBasis.BOOKED, net, None, None, net, voucher.base_currency, rate, rate_date)
    deducted = {True: CostBasis.NET, False: CostBasis.GROSS, None: entity_basis}[voucher.is_deductible]
    cost = net if deducted is CostBasis.NET else net + tax
    return Basis(deducted, net, tax, net + tax, cost, voucher.base_currency, rate, rate_date)


def _rate(voucher: Voucher) -> Decimal | None:
    if voucher.currency == voucher.base_currency:
        return None
    if voucher.rate:
        return voucher.rate
    return (voucher.base_amount / voucher.amount).quantize(RATE_DIGITS) if voucher.amount else None


def _tax(voucher: Voucher, rate: Decimal | None) -> Decimal | None:
    """In the ledger's currency; tax on nothing in a currency of which no rate is known cannot be told."""
    if voucher.tax_amount is None or voucher.currency == voucher.base_currency:
        return voucher.tax_amount
    return quantise(voucher.tax_amount * rate, voucher.base_currency) if rate else None
