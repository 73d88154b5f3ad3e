"""A kept page is replayed as if it came from the source again: whatever it held must come back as what it was."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.page_file import read_page, write_page
from warranty_hub.errors import ConfigError

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEVER = datetime(1900, 1, 1, tzinfo=SHANGHAI)  # a placeholder of many stores, at the offset +08:05:43

PLAIN = st.none() | st.booleans() | st.integers() | st.text() | st.text("\ud800\ufeff\x00\n\u2028修", max_size=5)
OWN = (
    st.decimals(allow_nan=False)
    | st.floats(allow_nan=False)
    | st.binary(max_size=5)
    | st.datetimes(timezones=st.sampled_from([None, UTC, SHANGHAI]))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.uuids()
)
NAMES = st.sampled_from(["id", "金额", "@decimal", "@@time", "@", "a.b"])
VALUES = st.recursive(
    PLAIN | OWN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=5
)


def exact(value: Any) -> Any:
    """With its type and its last digit; a zone as the offset that it means."""
    match value:
        case dict():
            return {name: exact(item) for name, item in value.items()}
        case list():
            return [exact(item) for item in value]
        case datetime() | time():
            return type(value), value.isoformat()
        case _:
            return type(value), repr(value)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=4))
def test_whatever_a_page_holds_comes_back_as_what_it_was(records: list[dict[str, Any]]) -> None:
    assert exact(read_page(write_page(records))) == exact(records)


@pytest.mark.parametrize(
    "column",
    [
        [Decimal("1.50"), None, Decimal("1E+3")],
        [Decimal("0.10"), 3, "3"],
        [datetime(2025, 1, 2, 3, 4, 5, 6, SHANGHAI), None],
        [datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1)],  # noqa: DTZ001 - a source's own
        [NEVER, datetime(2025, 1, 1, tzinfo=SHANGHAI)],
        [date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)],
        [time(8, 30), timedelta(hours=30), b"\x00\xff", UUID(int=1)],
        [{"net": Decimal("0.10")}, [Decimal("2.00")], {"@decimal": "the source's own word"}],
        [2**70, True, float("inf")],
        ["\ud800", "修\n"],
    ],
)
def test_what_a_column_holds_comes_back_as_what_it_was(column: list[Any]) -> None:
    records = [{"id": number, "value": value} for number, value in enumerate(column)]
    assert exact(read_page(write_page(records))) == exact(records)


def test_fields_that_some_records_leave_out_stay_left_out() -> None:
    records: list[dict[str, Any]] = [{"a": 1}, {"b": Decimal(2)}, {}]
    assert exact(read_page(write_page(records))) == exact(records)


def test_a_person_can_read_the_file_without_us() -> None:
    content = write_page([{"id": 1, "金额": Decimal("1.50")}])
    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        assert stream.read().decode() == '{"fields":{"金额":"decimal"}}\n{"id":1,"金额":"1.50"}\n'


def test_what_could_not_come_back_is_refused_by_its_field() -> None:
    with pytest.raises(ConfigError, match="Field shape holds a complex"):
        write_page([{"shape": 1j}])
