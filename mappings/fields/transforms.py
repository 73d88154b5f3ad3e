"""The named transforms of field maps: one raw value (or several, for several source paths) → one value of ours.

A transform raises ValueError with a reason for people; the record then goes to quarantine. None stays None. The reason never
repeats the value, which may be personal: messages of int(), datetime() and the like do, so they are never passed on.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from warranty_hub.money import parse_amount, quantise
from warranty_hub.records.points import PointFrame

Transform = Callable[..., Any]

_CIVIL_TIME = re.compile(
    r"([0-9]{4})[/.年-]([0-9]{1,2})[/.月-]([0-9]{1,2})日?"
    r"(?:[ T]*([0-9]{1,2})[:时]([0-9]{1,2})分?(?::?([0-9]{1,2})秒?(?:\.[0-9]+)?)?)?"
)
_SAP_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_SAP_CLOCK = re.compile(r"PT([01][0-9]|2[0-3])H([0-5][0-9])M([0-5][0-9])S")
_SAP_YEAR = re.compile(r"[0-9]{4}")
_SAP_PERIOD = re.compile(r"0*([1-9]|1[0-6])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def transforms(zone: ZoneInfo) -> dict[str, Transform]:
    """All transforms by name, for a source that writes naive times in ``zone``."""
    return {
        "text": text,
        "blank_is_null": blank_is_null,
        "local_time": lambda value: local_time(value, zone),
        "decision_time": lambda value, decision: None if decision == "RUNNING" else local_time(value, zone),
        "day": day,
        "amount": amount,
        "number_text": number_text,
        "sap_day": sap_day,
        "sap_local_time": lambda day, clock: sap_local_time(day, clock, zone),
        "sap_last_change": lambda changed, day, clock, created_day, created_clock: (
            sap_moment(changed) or sap_local_time(day, clock, zone) or sap_local_time(created_day, created_clock, zone)
        ),
        "product": product,
        "sap_signed_amount": sap_signed_amount,
        "sap_memo_amount": sap_memo_amount,
        "sap_order_value": sap_order_value,
        "sap_order_closed": sap_order_closed,
        "debit_of": lambda net: side_of(net, 1),
        "credit_of": lambda net: side_of(net, -1),
        "sap_period": sap_period,
        "debit_less_credit": debit_less_credit,
        "signed_by_side": signed_by_side,
        "first_given": first_given,
        "year_of": lambda value: _part_of_day(value, "%Y"),
        "month_of": lambda value: _part_of_day(value, "%Y-%m"),
        "percent": percent,
        "basis_points": basis_points,
        "day_of": lambda value: _day_of(value, zone),
        "model_point": lambda x, y, z=None: point(PointFrame.MODEL, x, y, z),
        "grid_point": lambda x, y, z=None: point(PointFrame.GRID, x, y, z),
        "wgs84_point": lambda longitude, latitude, height=None: point(PointFrame.WGS84, longitude, latitude, height),
    }


def text(value: object) -> str | None:
    """Trimmed text; blank becomes null."""
    return None if value is None else (_as_text(value).strip() or None)


def _as_text(value: object) -> str:
    """Numbers and times as text; not what Python would only describe."""
    if isinstance(value, bytes):
        raise ValueError("bytes in an unknown character set")
    if isinstance(value, Mapping | list):
        raise ValueError("a list or an object instead of a text")
    return str(value)


def blank_is_null(value: object) -> object:
    """Blank text becomes null, anything else stays as it is."""
    return None if isinstance(value, str) and not value.strip() else value


def local_time(value: object, zone: ZoneInfo) -> datetime | None:
    """A time without a zone gets its source's zone; ``2024/3/5 9:02:01`` and ``2024年3月5日9时2分`` are understood too."""
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else _parse_time(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _parse_time(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        match = _CIVIL_TIME.fullmatch(value.strip())
    if not match:
        raise ValueError("not a date and time")
    try:
        year, month, day_of_month, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day_of_month, hour, minute, second)  # noqa: DTZ001 - the caller adds the zone
    except ValueError:
        raise ValueError("not a day of the calendar, or not a time of day") from None


def day(value: object) -> date | None:
    """A date, from a date, a time or text."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else _parse_time(str(value)).date()


def _day_of(value: object, zone: ZoneInfo) -> date | None:
    moment = local_time(value, zone)
    return moment.astimezone(zone).date() if moment else None


def amount(value: object) -> Decimal | None:
    """An amount from text, int or Decimal; a float is refused, since digits are already lost."""
    if value is None or value == "":
        return None
    if isinstance(value, float):
        raise ValueError("a float has lost digits; read this field as text or decimal")
    if isinstance(value, Decimal):
        return value
    try:
        return parse_amount(str(value))
    except ValueError:
        raise ValueError("not an amount") from None


def number_text(value: object) -> str | None:
    """A number used as a name (floor 15, unit 2) as text."""
    return None if value is None or value == "" else _as_text(value)


def product(price: object, quantity: object) -> Decimal | None:
    """An amount from a price for one and how many there are."""
    one, many = amount(price), amount(quantity)
    return None if one is None or many is None else one * many


def percent(value: object) -> Decimal | None:
    """3 or "3%" → 0.03."""
    number = amount(str(value).rstrip("%％")) if value not in (None, "") else None
    return number / 100 if number is not None else None


def basis_points(value: object) -> int | None:
    """A share in percent → basis points; 33.333 is refused, since shares must sum to exactly 10,000."""
    number = amount(value)
    if number is None:
        return None
    points = number * 100
    if points != points.to_integral_value():
        raise ValueError("finer than one basis point")
    return int(points)


def point(frame: PointFrame, x: object, y: object, z: object) -> str | None:
    """A point as its frame and the digits of its coordinates. The origin itself is none: many stores write zeros for it."""
    across, along, up = (_coordinate(value) for value in (x, y, z))
    if (across is None) != (along is None) or (across is None and up):
        raise ValueError("half a point: a coordinate is missing")
    if across is None or along is None or not (across or along or up):
        return None
    if frame is PointFrame.WGS84 and not (abs(across) <= 180 and abs(along) <= 90):
        raise ValueError("a longitude beyond 180 degrees or a latitude beyond 90")
    return " ".join((frame, *(f"{number:f}" for number in (across, along, up) if number is not None)))


def _coordinate(value: object) -> Decimal | None:
    """A number as it is written; a float with the digits by which it is told."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError:
        raise ValueError("a coordinate is not a number") from None
    if not number.is_finite() or isinstance(value, bool):
        raise ValueError("a coordinate is not a number")
    return number


def sap_day(value: object) -> date | None:
    """``/Date(1492041600000)/`` → date (OData V2, milliseconds in UTC)."""
    moment = sap_moment(value)
    return moment.date() if moment else None


def sap_moment(value: object) -> datetime | None:
    """``/Date(1542801052000+0000)/`` → time in UTC (OData V2)."""
    if value is None or value == "":
        return None
    match = _SAP_DATE.fullmatch(str(value))
    if not match:
        raise ValueError("not a date in OData V2's form /Date(…)/")
    try:
        return _EPOCH + timedelta(milliseconds=int(match[1]))
    except (ValueError, OverflowError):
        raise ValueError("a date outside the years 1 to 9999") from None


def sap_local_time(value: object, clock: object, zone: ZoneInfo) -> datetime | None:
    """A day and the time on it, ``PT15H51M04S`` (OData V2), in its source's zone; no time is the day's beginning."""
    day = sap_day(value)
    if day is None:
        return None
    match = _SAP_CLOCK.fullmatch(str(clock)) if clock else None
    if clock and not match:
        raise ValueError("not a time of day in OData V2's form PT15H51M04S")
    hour, minute, second = (int(part) for part in match.groups()) if match else (0, 0, 0)
    return datetime.combine(day, time(hour, minute, second), zone)


def sap_signed_amount(value: object, debit_credit: object) -> Decimal | None:
    """SAP's amount with the sign of its side: S (debit) is cost, H (credit) takes it back.

    The cube already signs its amounts, older views do not: the side decides, whatever sign came.
    """
    number = amount(value)
    if number is None:
        return None
    if debit_credit not in ("S", "H"):
        raise ValueError("DebitCreditCode is neither S nor H")
    return abs(number) if debit_credit == "S" else -abs(number)


def sap_memo_amount(value: object, is_credit_memo: object) -> Decimal | None:
    """An amount of a supplier invoice, which a credit memo (flag X) takes back."""
    number = amount(value)
    return -number if number is not None and is_credit_memo == "X" else number


def sap_order_value(
    quantity: object, price: object, per: object, numerator: object, denominator: object, limit: object, currency: object
) -> Decimal | None:
    """What an order item is worth: quantity × numerator / denominator in the price's unit, × price per so many of these.

    An item with a limit (services of unknown extent) is worth the value expected of it. Rounded as SAP's own net value is, to
    the currency's unit.
    """
    ordered, each, expected = amount(quantity), amount(price), amount(limit)
    if expected:
        return expected
    if ordered is None or each is None:
        return None
    factor, divisor = (amount(numerator) or Decimal(1)), (amount(denominator) or Decimal(1)) * (amount(per) or Decimal(1))
    return quantise(ordered * factor * each / divisor, str(currency))


def sap_order_closed(deletion_code: object, finally_invoiced: object) -> bool:
    """An order item that is deleted (L; S only blocks it), or of which no invoice is to come, binds nobody any more."""
    return deletion_code == "L" or finally_invoiced is True


def sap_period(year: object, period: object) -> str:
    """Fiscal year and period ("2025", "003") → "2025-03"; special periods 13–16 belong to the year's last month."""
    if not _SAP_YEAR.fullmatch(str(year)):
        raise ValueError("fiscal year is not four digits")
    if not _SAP_PERIOD.fullmatch(str(period)):
        raise ValueError("fiscal period is not 1 to 16")
    return f"{year}-{min(int(str(period)), 12):02d}"


def debit_less_credit(debit: object, credit: object) -> Decimal:
    """What a ledger line adds to its account, of which it fills one side; a red entry is negative on its own side."""
    return (amount(debit) or Decimal(0)) - (amount(credit) or Decimal(0))


def side_of(net: object, sign: int) -> Decimal | None:
    """What a net movement puts on the debit side (sign 1) or the credit side (−1)."""
    number = amount(net)
    return None if number is None else max(sign * number, Decimal(0))


def signed_by_side(value: object, debit: object, credit: object) -> Decimal | None:
    """An amount in another currency, which stands without a side: taken as it is on the debit side, negated on the other."""
    number = amount(value)
    if number is None:
        return None
    if amount(debit) and amount(credit):
        raise ValueError("both sides are filled")
    return -number if amount(credit) else number


def first_given(value: object, otherwise: object) -> str | None:
    """The first as text, unless it is blank."""
    return text(value) or text(otherwise)


def _part_of_day(value: object, form: str) -> str | None:
    found = day(value)
    return format(found, form) if found else None
