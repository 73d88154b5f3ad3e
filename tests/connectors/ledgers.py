"""Ledgers as teams keep them: the workbook and the text file that a connector has to put up with."""

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

COLUMNS: dict[str, Any] = {
    "order_no": {"headers": ["工单号", "单号", "编号"], "kind": "code"},
    "project": ["项目", "项目名称"],
    "building": {"headers": ["楼栋"], "kind": "code"},
    "address": ["房号", "详细位置"],
    "description": ["问题描述", "报修内容"],
    "urgency": ["紧急程度"],
    "state": ["状态", "处理状态"],
    "reported_at": {"headers": ["报修日期", "报修时间"], "kind": "time"},
    "repair": {"headers": ["维修方案"], "optional": True},
    "amount": {"headers": ["维修金额", "金额"], "kind": "amount", "optional": True},
}
STREAM = {"columns": COLUMNS, "key": ["order_no"]}
HEADER = ["序号", "项 目", "单号", "楼栋", "房号", "问题\n描述", "紧急程度", "状态", "报修日期", "维修方案", "维修金额（万元）"]
Cells = Sequence[Any]
Edit = Callable[[Worksheet], object]
DAY = datetime(2024, 3, 5)  # noqa: DTZ001 - a cell has no zone


def row(number: int, **changes: Any) -> list[Any]:
    """One good row, by the columns of `HEADER`."""
    values: dict[str, Any] = {
        "no": number, "project": "云湖花园", "order": f"WX{number:03d}", "building": 3.0, "room": "2单元1501",
        "text": f"主卧飘窗渗水，第{number}处", "urgency": "一般", "state": "维修中", "day": DAY, "plan": "重做防水",
        "amount": 0.35,
    }  # fmt: skip
    return list((values | changes).values())


def workbook(sheets: dict[str, Sequence[Cells]], edit: Edit = lambda _: None) -> bytes:
    """An XLSX of these sheets; ``edit`` is done to each."""
    book = Workbook()
    for name, rows in sheets.items():
        sheet: Worksheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(list(cells))
        edit(sheet)
    del book["Sheet"]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def messy_ledger() -> bytes:
    """Title and unit above the header, merged projects, four kinds of dates, amounts in three ways, totals, notes, a second
    sheet in another order, one that is no ledger, and styled rows without end. Good rows: 7; their amounts: 51,700.00 元."""
    march: list[Cells] = [
        ["2024年3月维修台账"],
        ["填报单位：华东区域"],
        HEADER,
        row(1),
        row(2, project=None, day=45357.375, amount="1.2万元"),
        row(3, project=None, day="２０２４年３月７日", amount="3,500元"),
        ["二、江畔雅苑"],
        row(4, project="江畔雅苑", day="2024/3/8 9:05", amount=0.1 + 0.2, order="ＷＸ００４"),
        HEADER,
        row(5, project="江畔雅苑", plan=None, amount=None),
        ["合 计", None, None, None, None, None, None, None, None, None, 1.95],
        [],
        [None, "制表人：张三"],
    ]
    april: list[Cells] = [
        ["项目名称", "编号", "楼栋", "详细位置", "报修内容", "处理状态", "紧急程度", "报修时间", "维修方案", "金额"],
        ["一、星河公馆、国际公寓"],
        ["P03", 1006, "2", "1202", "卫生间漏水", "已完成", "紧急", 45385, "换管", 25000],
        ["P04", 1007.0, 2, "1203", "墙面开裂", "已关闭", "特急", "2024.4.9", "修补", "￥4,700.00"],
        ["小计：", None, None, None, None, None, None, None, None, 29700],
    ]

    def edit(sheet: Worksheet) -> None:
        if sheet.title == "3月":
            sheet.merge_cells("A1:K1")
            sheet.merge_cells("B4:B6")
            sheet.merge_cells("A7:K7")
        if sheet.title == "4月":
            sheet.merge_cells("A2:J2")
        for number in range(60, 400):
            sheet.cell(number, 3).number_format = "@"

    return workbook({"说明": [["每月5日前填报"]], "3月": march, "4月": april}, edit)
