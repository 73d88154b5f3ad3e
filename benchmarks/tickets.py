"""The records that every contestant of the load benchmark gets: JSON pages of tickets, made from their number."""

import json
from datetime import datetime, timedelta

FIELDS = (
    "id", "order_no", "project", "building", "address", "description", "element", "urgency", "state", "channel", "reporter",
    "created_at", "promised_at", "score", "updated_at",
)  # fmt: skip
_START = datetime.fromisoformat("2025-01-01T00:00:00+08:00")


def record(number: int) -> dict[str, object]:
    """One ticket as a REST interface would send it."""
    changed = _START + timedelta(seconds=number)
    return {
        "id": f"T{number:07d}",
        "order_no": f"WX{number:08d}",
        "project": f"P{number % 40:02d}",
        "building": str(number % 12),
        "address": f"{number % 12}号楼{number % 3 + 1}单元{number % 30 + 1}0{number % 4 + 1}室",
        "description": "主卧飘窗下方渗水,墙皮起鼓脱落,下雨天更严重",
        "element": None,
        "urgency": str(number % 3 + 1),
        "state": "90",
        "channel": "APP",
        "reporter": f"C{number % 9999}",
        "created_at": (changed - timedelta(hours=5)).isoformat(),
        "promised_at": (changed + timedelta(days=3)).isoformat(),
        "score": number % 5,
        "updated_at": changed.isoformat(),
    }


def pages(records: int, size: int) -> list[str]:
    """All records as JSON pages."""
    return [
        json.dumps([record(number) for number in range(start, min(start + size, records))], ensure_ascii=False)
        for start in range(0, records, size)
    ]
