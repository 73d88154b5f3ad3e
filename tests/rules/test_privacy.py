"""No phone or identity number leaves the hub in a free text."""

import pytest

from warranty_hub.rules.privacy import mask


@pytest.mark.parametrize(
    "secret",
    ["13800138000", "138 0013 8000", "+86 13800138000", "138-0013-8000", "0571-88886666", "110101199003074518",
     "11010119900307451X", "zhang.san@example.com", "+44 20 7946 0018"],
)  # fmt: skip
def test_personal_numbers_are_masked(secret: str) -> None:
    assert mask(f"业主{secret}来电,3号楼1501渗水") == "业主***来电,3号楼1501渗水"


@pytest.mark.parametrize(
    "text", ["WX202401150001", "3号楼2单元1501", "2024-03-05 09:02:01", "12-3-1001", "0RYPw12345678901234567"]
)
def test_ticket_numbers_and_addresses_stay_readable(text: str) -> None:
    assert mask(text) == text
