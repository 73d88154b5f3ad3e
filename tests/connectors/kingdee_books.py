"""A Kingdee data centre of the sandbox with vouchers in it, and a source that reads it."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Page, Window
from connectors.erp.kingdee.source import KingdeeSource, KingdeeSourceOptions
from connectors.http import HttpOptions
from sandbox.kingdee import Bill, KingdeeServer
from tests.sandbox.systems import http_connection

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 6, 1, 12, tzinfo=SHANGHAI)
EVERYTHING = Window(None, NOW)
USER = "hub"
KINGDEE_PASSWORD = "canary-密码"
CENTRE = "63f5a1c2d3e4b5"
QUICK = HttpOptions(attempts=2, longest_wait=0.02, read_timeout=20)


def local(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A local time of May 2025, as Kingdee keeps it."""
    return datetime(2025, 5, day, hour, minute)  # noqa: DTZ001 - Kingdee's are local


def voucher(server: KingdeeServer, number: int, amount: str = "100.10", **head: Any) -> Bill:
    """A repair paid to a supplier: one line on the cost account, one on payables."""
    money = Decimal(amount)
    line: dict[str, Any] = {"FEXPLANATION": "外墙渗水维修", "FCURRENCYID.FNumber": "PRE001", "FAMOUNTFOR": abs(money)}
    sides = ("FDEBIT", "FCREDIT") if money >= 0 else ("FCREDIT", "FDEBIT")
    return server.add(
        "GL_VOUCHER",
        {
            "FAccountBookID.FNumber": "101", "FBillNo": f"PZ{number:04d}", "FDate": date(2025, 5, 8), "FYEAR": 2025,
            "FPERIOD": 5, "FModifyDate": local(8, 9, number % 60), "FAuditDate": local(8, 9, number % 60), **head,
        },
        {**line, "FACCOUNTID.FNumber": "6601.05", sides[0]: abs(money), sides[1]: Decimal(0),
         "FDetailID.FFLEX4.FNumber": "S201", "FDetailID.FFLEX5.FNumber": "P01"},
        {**line, "FACCOUNTID.FNumber": "2202.01", sides[0]: Decimal(0), sides[1]: abs(money)},
    )  # fmt: skip


def source_of(server: KingdeeServer, password: str = KINGDEE_PASSWORD, **options: Any) -> KingdeeSource:
    given = {"zone": "Asia/Shanghai", "data_centre": CENTRE, "login": "password", "http": QUICK, **options}
    connection = http_connection("kingdee", server, USER, password)
    return KingdeeSource(connection, KingdeeSourceOptions.model_validate(given))


def numbers(pages: Iterator[Page]) -> list[str]:
    return [record["FBillNo"] for page in pages for record in page.records]
