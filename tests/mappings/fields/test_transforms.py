"""A transform gives the exact value or a reason for people: never a guess, never the value inside the reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from inspect import signature
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.fields.transforms import (
    amount,
    basis_points,
    day,
    debit_less_credit,
    first_given,
    local_time,
    number_text,
    percent,
    sap_day,
    sap_memo_amount,
    sap_order_closed,
    sap_order_value,
    sap_period,
    sap_signed_amount,
    side_of,
    signed_by_side,
    text,
    transforms,
)
from warranty_hub.records.points import Point, PointFrame

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALL = transforms(SHANGHAI)
MONEY = st.decimals(min_value=Decimal(-(10**17)), max_value=Decimal(10**17), places=6)


@given(MONEY)
def test_an_amount_survives_every_way_of_writing_it(money: Decimal) -> None:
    assert amount(money) == amount(str(money)) == amount(f"{money:,f}") == amount(f"¥{money:f}") == money


@given(st.integers(-(10**15), 10**15))
def test_an_amount_in_ten_thousands_is_exact(whole: int) -> None:
    assert amount(f"{whole}万元") == whole * 10_000


@given(st.floats())
def test_a_float_is_refused_for_its_digits_are_lost_already(number: float) -> None:
    with pytest.raises(ValueError, match="float has lost digits"):
        amount(number)


@given(MONEY)
def test_sap_s_side_decides_the_sign_whatever_sign_came(money: Decimal) -> None:
    debit, credit = sap_signed_amount(str(money), "S"), sap_signed_amount(str(money), "H")
    assert debit == abs(money)
    assert credit == -abs(money)


@given(st.integers(0, 10_000))
def test_a_share_in_percent_keeps_every_basis_point(points: int) -> None:
    assert basis_points(f"{Decimal(points) / 100:f}") == points
    assert percent(f"{Decimal(points) / 100:f}%") == Decimal(points) / 10_000


def test_a_share_finer_than_a_basis_point_is_refused_for_the_shares_would_not_sum() -> None:
    with pytest.raises(ValueError, match="finer than one basis point"):
        basis_points("33.333")


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - naive on purpose
def test_a_time_reads_the_same_in_every_way_of_writing_it(naive: datetime) -> None:
    naive = naive.replace(microsecond=0)
    expected = naive.replace(tzinfo=SHANGHAI)
    civil = f"{naive.year}/{naive.month}/{naive.day} {naive.hour}:{naive.minute:02}:{naive.second:02}"
    chinese = f"{naive.year}年{naive.month}月{naive.day}日{naive.hour}时{naive.minute}分{naive.second}秒"
    for written in (naive, str(naive), naive.isoformat(), civil, chinese):
        assert local_time(written, SHANGHAI) == expected
    assert day(civil) == day(chinese) == day(naive) == naive.date()


def test_a_time_that_brings_its_zone_keeps_it() -> None:
    assert local_time("2025-03-05T01:02:03Z", SHANGHAI) == datetime(2025, 3, 5, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "yesterday",
        "2025/13/1",
        "2025/2/30",
        "2025/3/5 25:00",
        "2025/3/5 下午 9:02",
        "2025/3/5 9:02:01Z",
        "2025/3/5 9:02-05:00",
        "3/5",
    ],
)
def test_a_time_that_is_half_understood_is_refused_instead_of_guessed(written: str) -> None:
    for read in (lambda value: local_time(value, SHANGHAI), day):
        with pytest.raises(ValueError, match="not a da"):
            read(written)


def test_a_moment_late_in_the_evening_belongs_to_the_day_of_its_source() -> None:
    assert ALL["day_of"]("2025-03-04T17:30:00Z") == date(2025, 3, 5)


@given(st.dates(max_value=date(9999, 12, 30)))
def test_an_odata_date_is_that_day_also_before_1970(expected: date) -> None:
    milliseconds = (expected - date(1970, 1, 1)).days * 86_400_000
    assert sap_day(f"/Date({milliseconds})/") == sap_day(f"/Date({milliseconds}+0000)/") == expected


@pytest.mark.parametrize("written", ["2025-03-05", "/Date()/", "/Date(12)/x"])
def test_what_is_no_odata_date_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="OData V2"):
        sap_day(written)


def test_a_time_on_a_day_of_sap_s_is_taken_for_utc() -> None:
    """2025-03-05 in Shanghai, at 8:30."""
    assert ALL["sap_local_time"]("/Date(1741132800000)/", "PT08H30M00S") == datetime(2025, 3, 5, 0, 30, tzinfo=UTC)
    assert ALL["sap_local_time"]("/Date(1741132800000)/", None) == datetime(2025, 3, 5, tzinfo=SHANGHAI)
    assert ALL["sap_local_time"](None, "PT00H00M00S") is None


@pytest.mark.parametrize("clock", ["PT24H00M00S", "PT08H60M00S", "08:30:00", "PT8H"])
def test_what_is_no_time_of_day_is_refused(clock: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        ALL["sap_local_time"]("/Date(1741132800000)/", clock)


def test_the_last_change_is_older_than_what_sap_tells() -> None:
    exact, day, created = "/Date(1741162052000+0000)/", "/Date(1741132800000)/", "/Date(1740787200000)/"
    assert ALL["sap_last_change"](exact, day, "PT08H30M00S", created, None) == datetime(2025, 3, 5, 8, 7, 32, tzinfo=UTC)
    assert ALL["sap_last_change"](None, day, "PT08H30M00S", created, None) == datetime(2025, 3, 5, 0, 30, tzinfo=UTC)
    assert ALL["sap_last_change"](None, None, "PT00H00M00S", created, "PT08H00M00S") == datetime(2025, 3, 1, tzinfo=UTC)


def test_a_price_times_a_quantity_is_rounded() -> None:
    assert ALL["product"]("130.505", "2.500") == Decimal("326.262500")
    assert ALL["product"](None, "2") is None


@pytest.mark.parametrize(
    ("period", "month"), [("001", "2025-01"), ("012", "2025-12"), ("013", "2025-12"), ("16", "2025-12"), (3, "2025-03")]
)
def test_special_periods_belong_to_the_year_s_last_month(period: object, month: str) -> None:
    assert sap_period("2025", period) == month


@pytest.mark.parametrize("period", ["000", "017", "0012x", None, "-1", "1.0"])
def test_a_period_that_no_year_has_is_refused(period: object) -> None:
    with pytest.raises(ValueError, match="fiscal period"):
        sap_period("2025", period)


@pytest.mark.parametrize("side", ["", None, "s", "D", []])
def test_an_unknown_side_is_refused_instead_of_taken_for_cost(side: object) -> None:
    with pytest.raises(ValueError, match="neither S nor H"):
        sap_signed_amount("5", side)


def test_blank_text_is_null_and_a_number_that_names_something_is_text() -> None:
    assert (text("  "), text(" 屋面 "), ALL["blank_is_null"](" "), ALL["blank_is_null"](0)) == (None, "屋面", None, 0)
    assert (number_text(15), number_text(0), number_text("")) == ("15", "0", None)


ONE_VALUE = sorted(name for name, transform in ALL.items() if len(signature(transform).parameters) == 1)


@pytest.mark.parametrize("name", ONE_VALUE)
def test_nothing_stays_nothing(name: str) -> None:
    assert ALL[name](None) is None


SECRET = "13800138000"
STRANGE: list[Any] = [
    SECRET, f"请联系{SECRET}", f"{SECRET}/1/1", f"2025/{SECRET}/1", f"/Date({SECRET * 3})/", [SECRET], {"tel": SECRET},
    f"{SECRET}.12345", f"{SECRET}²", "9" * 5000, f"{SECRET} 08:00", True, b"\xff", f"0{SECRET}",
]  # fmt: skip


def _reason(transform: Callable[..., Any], *values: Any) -> str:
    try:
        transform(*values)
    except (ValueError, ArithmeticError) as error:  # what the compiler turns into a reason
        return str(error)
    return ""


@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: str(value)[:24])
@pytest.mark.parametrize("name", sorted(ALL))
def test_no_reason_repeats_the_value(name: str, strange: Any) -> None:
    values = [strange] * len(signature(ALL[name]).parameters)
    reason = _reason(ALL[name], *values)
    assert SECRET not in reason
    assert "9" * 20 not in reason


REASONS_OF_ANY_TEXT = {
    "",
    "not a date and time",
    "not a day of the calendar, or not a time of day",
    "not an amount",
    "finer than one basis point",
    "not a date in OData V2's form /Date(…)/",
    "a date outside the years 1 to 9999",
    "not a time of day in OData V2's form PT15H51M04S",
    "DebitCreditCode is neither S nor H",
    "both sides are filled",
    "fiscal year is not four digits",
    "fiscal period is not 1 to 16",
    "a coordinate is not a number",
    "a longitude beyond 180 degrees or a latitude beyond 90",
}


@given(name=st.sampled_from(sorted(ALL)), written=st.text(alphabet="0123456789-/.: TZ年月日WeE()²٣%Date+", max_size=24))
def test_every_text_has_a_value_or_one_of_the_reasons_written_for_people(name: str, written: str) -> None:
    assert _reason(ALL[name], *[written] * len(signature(ALL[name]).parameters)) in REASONS_OF_ANY_TEXT


@given(MONEY, MONEY)
def test_a_ledger_line_counts_on_the_wrong_side(debit: Decimal, credit: Decimal) -> None:
    assert debit_less_credit(debit, "") == debit
    assert debit_less_credit(0, credit) == -credit
    assert debit_less_credit(debit, credit) == debit - credit


def test_a_foreign_amount_loses_the_side_of_its_line() -> None:
    assert signed_by_side("100.50", Decimal("720"), Decimal(0)) == Decimal("100.50")
    assert signed_by_side("100.50", 0, 720) == Decimal("-100.50")
    assert signed_by_side("-100.50", -720, 0) == Decimal("-100.50")  # a red entry on the debit side
    assert signed_by_side("0.00", 0, 0) == 0
    with pytest.raises(ValueError, match="both sides"):
        signed_by_side("1", 1, 1)


def test_the_first_of_two_names_that_is_given_is_taken() -> None:
    assert first_given(" FY01 ", "M1") == "FY01"
    assert (first_given(" ", "M1"), first_given(None, 7), first_given(None, "")) == ("M1", "7", None)


def test_a_day_gives_its_year_and_month() -> None:
    assert (ALL["year_of"]("2025-03-31T00:00:00"), ALL["month_of"]("2025-03-31T00:00:00")) == ("2025", "2025-03")
    assert (ALL["year_of"](None), ALL["month_of"]("")) == (None, None)


@pytest.mark.parametrize(
    ("quantity", "price", "per", "numerator", "denominator", "limit", "currency", "worth"),
    [
        ("3.000", "100.10", "1", "1", "1", "0", "CNY", "300.30"),
        ("3.000", "100.10", "100", "1", "1", "0.000", "CNY", "3.00"),
        ("3.000", "7.00", "1", "5", "3", "0", "CNY", "35.00"),  # 3 pieces weigh 5 kg, and it costs 7 a kg
        ("1.000", "10.00", "3", "0", "0", "0", "CNY", "3.33"),
        ("1.000", "10.00", "3", "1", "1", "0", "KWD", "3.333"),
        ("1.000", "0.00", "1", "1", "1", "5000.00", "CNY", "5000.00"),
    ],
)
def test_an_order_item_is_worth_another_amount_than_sap_says(
    quantity: str, price: str, per: str, numerator: str, denominator: str, limit: str, currency: str, worth: str
) -> None:
    value = sap_order_value(quantity, price, per, numerator, denominator, limit, currency)
    assert value == Decimal(worth)


@pytest.mark.parametrize(
    ("code", "invoiced", "closed"), [("", False, False), ("S", False, False), ("L", False, True), ("", True, True)]
)
def test_a_deleted_or_finished_order_item_still_binds_money(code: str, invoiced: bool, closed: bool) -> None:
    assert sap_order_closed(code, invoiced) is closed


def test_a_credit_memo_keeps_back_more() -> None:
    assert (sap_memo_amount("50.00", ""), sap_memo_amount("50.00", "X")) == (Decimal("50.00"), Decimal("-50.00"))


@pytest.mark.parametrize(("net", "debit", "credit"), [("12.30", "12.30", "0"), ("-12.30", "0", "12.30"), ("0", "0", "0")])
def test_a_net_movement_lands_on_the_wrong_side(net: str, debit: str, credit: str) -> None:
    assert (side_of(net, 1), side_of(net, -1)) == (Decimal(debit), Decimal(credit))


POINTS = {
    ("model_point", 12.5, "3", 0.25): "MODEL 12.5 3 0.25",
    ("model_point", "12.50", Decimal("3.0"), None): "MODEL 12.50 3.0",
    ("grid_point", 12, -3, ""): "GRID 12 -3",
    ("grid_point", 0, 3, 0): "GRID 0 3 0",
    ("wgs84_point", "114.305512", "30.592876"): "WGS84 114.305512 30.592876",
    ("wgs84_point", 1e-7, 30, None): "WGS84 0.0000001 30",
    ("wgs84_point", 0, 0.0, None): None,
    ("model_point", "0", "0", "0"): None,
    ("model_point", None, "", None): None,
    ("model_point", None, None, 0): None,
}


@pytest.mark.parametrize("said", POINTS, ids=str)
def test_a_point_keeps_its_digits_and_zeros_alone_are_none(said: tuple[Any, ...]) -> None:
    name, *coordinates = said
    assert ALL[name](*coordinates) == POINTS[said]


@pytest.mark.parametrize(
    ("name", "coordinates", "reason"),
    [
        ("model_point", (1, None, 2), "half a point"),
        ("model_point", (None, None, 2), "half a point"),
        ("grid_point", (1, "3m", 2), "not a number"),
        ("grid_point", (1, "NaN", 2), "not a number"),
        ("grid_point", (True, 1, 2), "not a number"),
        ("wgs84_point", (30.6, 114.3), "latitude beyond 90"),
        ("wgs84_point", (380, 30), "longitude beyond 180"),
    ],
)
def test_what_is_no_point_is_refused_with_its_reason(name: str, coordinates: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ALL[name](*coordinates)


@given(*(st.floats(-1e6, 1e6) for _ in "xyz"))
def test_a_point_is_read_as_it_was_written(x: float, y: float, z: float) -> None:
    written = ALL["model_point"](x, y, z)
    assert written is None or Point.parse(written) == Point(PointFrame.MODEL, x, y, z)
