"""The group of the demo: two regions, four projects, their buildings, flats, companies and contracts.

Everything is invented and follows from fixed numbers, so every run of the demo tells the same story.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

SALES_AREA = Decimal("92.5")  # m² of an average flat


@dataclass(frozen=True)
class Building:
    """A residential building; ``number`` is how people call it: 3 is 3号楼."""

    number: int
    units: int
    storeys: int
    flats_per_storey: int
    accepted: date

    @property
    def name(self) -> str:
        return f"{self.number}号楼"

    @property
    def gfa_m2(self) -> Decimal:
        """Gross floor area: flats, and a fifth for what all share."""
        return (self.units * self.storeys * self.flats_per_storey * SALES_AREA * Decimal("1.2")).quantize(Decimal("0.1"))

    def flats(self) -> Iterator["Flat"]:
        """Every flat, storey by storey."""
        for unit in range(1, self.units + 1):
            for storey in range(1, self.storeys + 1):
                for place in range(1, self.flats_per_storey + 1):
                    yield Flat(self, unit, storey, f"{storey}{place:02d}")


@dataclass(frozen=True)
class Flat:
    """One dwelling: room number 1501 is the first flat on the 15th storey."""

    building: Building
    unit: int
    storey: int
    room_no: str

    @property
    def area_m2(self) -> Decimal:
        """The first flat of a storey is the larger one."""
        return SALES_AREA + (Decimal(12) if self.room_no.endswith("01") else Decimal(-4))

    @property
    def delivered(self) -> date:
        """Keys are handed over storey by storey, two months after acceptance."""
        return self.building.accepted + timedelta(days=60 + self.storey)


@dataclass(frozen=True)
class Company:
    """A party to a project's contracts."""

    code: str
    name: str
    role: str


@dataclass(frozen=True)
class Project:
    """A project under warranty, and who built it: 总包 first, then 分包 and 供应商."""

    code: str
    name: str
    region: str
    city: str
    company_code: str  # in SAP
    buildings: tuple[Building, ...]
    contractor: Company
    specialists: tuple[Company, ...]

    def building(self, number: int) -> Building:
        """A building by its number."""
        return next(building for building in self.buildings if building.number == number)


GROUP_NAME = "华筑集团"
ORGANISATION = (  # code, name, level, parent
    ("HQ", GROUP_NAME, "HEADQUARTERS", None),
    ("EAST", "华东区域公司", "REGION", "HQ"),
    ("SOUTH", "华南区域公司", "REGION", "HQ"),
)
WATERPROOFING = Company("S201", "固泰防水工程有限公司", "分包")
WINDOWS = Company("S202", "明远门窗有限公司", "供应商")
PLUMBING = Company("S203", "顺安机电安装有限公司", "分包")
LIFTS = Company("S204", "恒升电梯有限公司", "供应商")
FINISHES = Company("S205", "雅筑装饰工程有限公司", "分包")
SPECIALISTS = (WATERPROOFING, WINDOWS, PLUMBING, LIFTS, FINISHES)

PROJECTS = (
    Project(
        "P01", "云湖花园", "EAST", "杭州", "1000",
        (
            Building(1, 2, 18, 2, date(2022, 11, 30)),
            Building(2, 2, 18, 2, date(2022, 12, 20)),
            Building(3, 2, 18, 2, date(2023, 3, 31)),
        ),
        Company("C101", "中江建设集团有限公司", "总包"), SPECIALISTS,
    ),
    Project(
        "P02", "江畔雅苑", "EAST", "南京", "1000",
        (Building(1, 1, 12, 2, date(2023, 5, 18)), Building(2, 2, 11, 2, date(2023, 6, 15))),
        Company("C102", "金陵第三建筑工程有限公司", "总包"), SPECIALISTS,
    ),
    Project(
        "P03", "星河公馆", "SOUTH", "深圳", "2000",
        (Building(1, 1, 28, 4, date(2022, 9, 28)), Building(2, 1, 28, 4, date(2022, 10, 31))),
        Company("C103", "南粤建工有限公司", "总包"), SPECIALISTS,
    ),
    Project(
        "P04", "国际公寓", "SOUTH", "广州", "2000",
        (Building(1, 1, 16, 4, date(2023, 2, 20)),),
        Company("C104", "岭南国际工程有限公司", "总包"), SPECIALISTS[:4],
    ),
)  # fmt: skip
COMPANY_CODES = tuple(sorted({project.company_code for project in PROJECTS}))
