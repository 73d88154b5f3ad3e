"""Three years of the demo group: what broke, who came, who is to blame, what was planned, approved and paid.

Made once from fixed numbers: the same group and the same models give the same rows, to the second and the cent. Rows carry the
words of the systems they end up in (in-house codes, SAP's properties), which are not the hub's.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sandbox.complaints import COMMON, NOISE, PLAN_WORDS, TROUBLES, Trouble, in_flat_forms
from sandbox.group import FINISHES, LIFTS, PLUMBING, PROJECTS, WATERPROOFING, WINDOWS, Building, Company, Flat, Project
from sandbox.model_words import ModelWords

FIRST_DAY = date(2023, 7, 1)
END = datetime(2026, 6, 30, 18, 0)  # noqa: DTZ001 - the ticket store writes local times
ORDERS = {"P01": 620, "P02": 480, "P03": 560, "P04": 340}
MODELLED = {"P01": 3, "P02": 1}
"""Projects with a model of our own, and the building it shows."""
MORE_IN_MODELLED = 0.6
STICKERS = 0.06
STUCK = 0.08
TO_SUBMIT_AMOUNTS = ("12800.00", "86500.00", "4350.50", "23600.00", "52300.00", "9875.25")
COST_ACCOUNT, TAX_ACCOUNT, PAYABLE_ACCOUNT, OTHER_ACCOUNT = "6601050000", "2221010100", "2202010000", "6602010000"
BY_TRADE: Mapping[str, Company] = {"防水": WATERPROOFING, "门窗": WINDOWS, "机电": PLUMBING, "装饰": FINISHES}
WORKFLOW = 12
DOLLARS = Decimal("7.1350")

NEW, ASSIGNED, SURVEYED, IN_APPROVAL, IN_REPAIR, DONE, ACCEPTED, CLOSED, TURNED_DOWN, CANCELLED = (
    "10", "20", "30", "40", "50", "60", "70", "90", "95", "99",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """A repair order in the ticket store."""

    id: int
    order_no: str
    project_no: str
    building_no: str | None
    address: str
    content: str | None
    qr_text: str | None
    level: str
    status: str
    source: str
    customer_id: int
    create_time: datetime | None
    promise_time: datetime | None
    score: int | None
    update_time: datetime


@dataclass(frozen=True)
class Step:
    """One step in an order's life."""

    id: int
    order_no: str
    step_no: int
    action: str
    action_time: datetime
    update_time: datetime


@dataclass(frozen=True)
class Duty:
    """A company's share in the cause."""

    id: int
    order_no: str
    version: int
    company_no: str | None
    reason: str
    percent: Decimal
    final: str
    update_time: datetime


@dataclass(frozen=True)
class Plan:
    """A repair plan; ``oa_id`` is the OA's request once it was submitted."""

    id: int
    plan_no: str
    order_no: str
    version: int
    content: str
    amount: Decimal
    status: str
    oa_id: str | None
    update_time: datetime


@dataclass(frozen=True)
class Customer:
    """A person; all of them are invented."""

    id: int
    name: str
    phone: str
    id_card: str | None


@dataclass(frozen=True)
class Request:
    """A request in the OA, made by the ticket store before there was a hub."""

    number: int
    title: str
    created: datetime
    operated: datetime
    node: str
    form: Mapping[str, str]


@dataclass
class History:
    """Everything that the other systems hold besides the masters. ``documents`` are line items in SAP's own words."""

    orders: list[Order] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    documents: list[dict[str, str | Decimal | date | bool]] = field(default_factory=list)


Stickers = Mapping[tuple[str, str], Sequence[str]]
"""What stands on the stickers of a room's elements (Tag or GlobalId), by project and room (2-1501-主卧)."""


def write_history(stickers: Stickers, model: ModelWords | None) -> History:
    """The whole story. ``model``: the words of the user's own model, which project P04's orders then use."""
    history = History()
    for project in PROJECTS:
        _Writer(project, history, stickers, model if project.code == "P04" else None).write()
    _leave_plans_to_submit(history)
    _spoil(history)
    return history


@dataclass(frozen=True)
class _Report:
    """What somebody reports, and the trade that repairs it."""

    building: Building
    address: str
    text: str
    trade: str
    cost: tuple[int, int]
    sticker: str | None = None


@dataclass(frozen=True)
class _Voucher:
    """An accounting document, an invoice (KR) or accrual (SB): what its lines share. ``reverses``: number of another."""

    order: Order
    number: str
    kind: str
    posted: date
    supplier: str
    assignment: str
    text: str
    reverses: str = ""


class _Writer:
    """Writes one project's orders, each with all that follows from it. Its own numbers: projects do not disturb each other."""

    def __init__(self, project: Project, history: History, stickers: Stickers, model: ModelWords | None) -> None:
        self._project = project
        self._history = history
        self._stickers = stickers
        self._model = model
        self._random = random.Random(f"warranty {project.code}")
        self._first = 100_000 * int(project.code[1:])
        self._flats = {building.number: list(building.flats()) for building in project.buildings}

    def write(self) -> None:
        """All orders in the sequence in which they came in."""
        moments = sorted(self._moment() for _ in range(ORDERS[self._project.code]))
        for count in range(1, len(moments) // 3 + 1):
            self._history.customers.append(self._customer(self._first + count))
        for count, moment in enumerate(moments, start=1):
            self._write_order(count, moment)

    def _moment(self) -> datetime:
        """More in the rainy months, and in working hours."""
        while True:
            day = FIRST_DAY + timedelta(days=self._random.randrange((END.date() - FIRST_DAY).days))
            if self._random.random() < (1.0 if day.month in (5, 6, 7, 8) else 0.55):
                return datetime.combine(
                    day, time(self._random.randint(8, 20), self._random.randrange(60), self._random.randrange(60))
                )

    def _customer(self, number: int) -> Customer:
        draw = self._random
        surname, given = (
            draw.choice("王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"),
            draw.choice("伟芳娜敏静磊洋艳勇杰娟涛明超霞平刚桂英"),
        )
        born = f"19{draw.randint(50, 99)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
        card = f"3301{draw.randint(60, 99)}{born}{draw.randint(0, 9999):04d}"
        return Customer(number, surname + given, self._phone(), card if draw.random() < 0.2 else None)

    def _phone(self) -> str:
        return f"1{self._random.choice('3578')}{self._random.randint(0, 999_999_999):09d}"

    # ------------------------------------------------------------------------------------------------ what is reported
    def _write_order(self, count: int, moment: datetime) -> None:
        draw = self._random
        report = self._report()
        number = self._first + count
        order_no = f"WX{self._project.code[1:]}{moment:%y%m}{count:04d}"
        urgent = draw.choices(("1", "2", "3"), (70, 24, 6))[0]
        order = Order(
            id=number,
            order_no=order_no,
            project_no=self._project.code,
            building_no=str(report.building.number) if draw.random() < 0.85 else None,
            address=report.address,
            content=report.text + draw.choice(NOISE).format(phone=self._phone()),
            qr_text=report.sticker,
            level=urgent,
            status=NEW,
            source=draw.choice(("APP", "APP", "400", "物业", "微信")),
            customer_id=self._first + draw.randint(1, ORDERS[self._project.code] // 3),
            create_time=moment,
            promise_time=moment + timedelta(days={"1": 15, "2": 7, "3": 2}[urgent]),
            score=None,
            update_time=moment,
        )
        self._history.orders.append(self._live(order, report))

    def _report(self) -> _Report:
        if self._model and self._model.rooms and self._random.random() < 0.9:
            return self._from_model(self._model)
        if self._random.random() < 0.1:
            return self._in_common()
        return self._in_flat()

    def _building(self) -> Building:
        modelled = MODELLED.get(self._project.code)
        if modelled and self._random.random() < MORE_IN_MODELLED:
            return self._project.building(modelled)
        return self._random.choice(self._project.buildings)

    def _in_flat(self) -> _Report:
        draw = self._random
        building = self._building()
        flat = draw.choice(self._flats[building.number])
        trouble = draw.choices(TROUBLES, [trouble.weight for trouble in TROUBLES])[0]
        room = draw.choice(trouble.rooms) if trouble.rooms else ""
        address = draw.choice(in_flat_forms()).format(number=building.number, unit=flat.unit, flat=flat.room_no)
        if room and draw.random() < 0.3:
            address += room
        text = draw.choice(trouble.texts).format(room=room)
        return _Report(building, address, text, trouble.trade, trouble.cost, self._sticker(flat, room, trouble))

    def _sticker(self, flat: Flat, room: str, trouble: Trouble) -> str | None:
        """Some people scan the sticker of what is broken; some scan the wrong one in the same room."""
        on_elements = self._stickers.get((self._project.code, f"{flat.unit}-{flat.room_no}-{room}"))
        modelled = MODELLED.get(self._project.code) == flat.building.number
        if not (modelled and on_elements and trouble.trade in ("门窗", "机电") and self._random.random() < STICKERS):
            return None
        return self._random.choice(on_elements)

    def _in_common(self) -> _Report:
        draw = self._random
        building = self._building()
        tail, texts = draw.choice(COMMON)
        place = tail.format(unit=draw.randint(1, building.units), storey=draw.randint(1, building.storeys))
        return _Report(building, f"{building.number}号楼{place}", draw.choice(texts), "公区", (800, 15_000))

    def _from_model(self, model: ModelWords) -> _Report:
        draw = self._random
        room = draw.choice(model.rooms)
        part = draw.choice(room.parts) if room.parts and draw.random() < 0.7 else None
        building = self._project.buildings[0]
        address = " ".join(word for word in (building.name, room.storey, room.name) if word)
        if part is None:
            return _Report(building, address, f"{room.name} 墙面渗水发霉", "装饰", (200, 2500))
        text = f"{room.name} {part.noun}{draw.choice(part.symptoms)}"
        sticker = part.label if draw.random() < 0.25 else None
        return _Report(building, address, text, part.trade, (150, 2500), sticker)

    # ------------------------------------------------------------------------------------------------ what follows
    def _live(self, order: Order, report: _Report) -> Order:
        """Let the order live until it is closed or the story ends."""
        draw = self._random
        steps = list(self._steps_of(order))
        reached = [(status, moment) for status, moment in steps if moment <= END]
        for number, (status, moment) in enumerate(reached):
            self._history.steps.append(Step(order.id * 10 + number, order.order_no, number, status, moment, moment))
        status, updated = reached[-1]
        times = dict(reached)
        cost = Decimal(draw.randint(*report.cost)) + Decimal(draw.randrange(100)) / 100
        if DONE in times or SURVEYED in times:
            self._blame(order, report, times, cost)
        if DONE in times:
            self._pay(order, report, times[DONE], cost)
        score = draw.choices((None, 5, 4, 3, 2, 1), (30, 40, 15, 8, 4, 3))[0] if status == CLOSED else None
        return replace(order, status=status, score=score, update_time=updated)

    def _steps_of(self, order: Order) -> Iterator[tuple[str, datetime]]:
        draw = self._random
        moment = order.create_time or END
        yield NEW, moment
        if draw.random() < 0.05:
            yield draw.choice((TURNED_DOWN, CANCELLED)), moment + timedelta(hours=draw.randint(2, 60))
            return
        hurry = {"1": 1.0, "2": 0.6, "3": 0.2}[order.level]
        stuck_at = draw.choice((ASSIGNED, SURVEYED, IN_REPAIR, DONE)) if draw.random() < STUCK else None
        for status, hours in (
            (ASSIGNED, 10),
            (SURVEYED, 40),
            (IN_APPROVAL, 30),
            (IN_REPAIR, 60),
            (DONE, 150),
            (ACCEPTED, 48),
            (CLOSED, 90),
        ):
            if status == IN_APPROVAL and draw.random() < 0.7:
                continue  # small repairs need no approval
            moment += timedelta(hours=hours * hurry * draw.uniform(0.2, 2.2), minutes=draw.randrange(60))
            moment = moment.replace(microsecond=0)
            yield status, moment
            if status == stuck_at:
                return  # nobody knows why

    def _blame(self, order: Order, report: _Report, times: Mapping[str, datetime], cost: Decimal) -> None:
        draw = self._random
        moment = times.get(DONE, times[SURVEYED])
        company = (
            LIFTS if "电梯" in report.text and report.trade == "公区" else BY_TRADE.get(report.trade, self._project.contractor)
        )
        if draw.random() < 0.07:
            shares: list[tuple[str | None, str, int]] = [(None, "使用不当", 100)]
        elif draw.random() < 0.15 and company != self._project.contractor:
            shares = [(company.code, "施工", 70), (self._project.contractor.code, "施工", 30)]
        else:
            shares = [(company.code, "材料" if report.trade == "门窗" and draw.random() < 0.4 else "施工", 100)]
        for number, (code, reason, percent) in enumerate(shares):
            final = "Y" if DONE in times else "N"
            self._history.duties.append(
                Duty(order.id * 10 + number, order.order_no, 1, code, reason, Decimal(percent), final, moment)
            )
        if IN_APPROVAL in times:
            self._plan(order, report, times, cost)

    def _plan(self, order: Order, report: _Report, times: Mapping[str, datetime], cost: Decimal) -> None:
        """Submitted by hand in the days before the hub; the OA has long decided, but for the latest."""
        submitted = times[IN_APPROVAL]
        text = PLAN_WORDS[report.trade]
        plan = Plan(order.id, f"FA{order.order_no[2:]}", order.order_no, 1, text, cost, "2", str(order.id), submitted)
        decided = times.get(IN_REPAIR)
        node, operated = ("归档", decided) if decided else ("项目经理审批", submitted)
        if decided and self._random.random() < 0.06:
            node = "退回"
        form = {
            "plan_no": plan.plan_no, "ticket_no": plan.order_no, "version": "1", "project_code": order.project_no, "text": text,
            "amount": f"{cost:.2f}", "currency": "CNY", "content_hash": _content_hash(text, f"{cost:.2f}", "CNY"),
        }  # fmt: skip
        title = f"维修方案 {plan.plan_no} V1"
        self._history.plans.append(plan)
        self._history.requests.append(Request(order.id, title, submitted, operated or submitted, node, form))

    # ------------------------------------------------------------------------------------------------ what it cost
    def _pay(self, order: Order, report: _Report, done: datetime, cost: Decimal) -> None:
        draw = self._random
        supplier = BY_TRADE.get(report.trade, self._project.contractor).code
        posted = (done + timedelta(days=draw.randint(5, 40))).date()
        if posted > END.date():
            if done < END - timedelta(days=5):
                self._post(_Voucher(order, f"19{order.id:08d}", "SB", END.date(), supplier, order.order_no, "维修费预提"), cost)
            return
        if draw.random() < 0.12:
            return  # repaired under the contractor's own duty, nothing to pay
        kind = draw.choices(("assigned", "in text", "none", "unknown"), (82, 12, 4, 2))[0]
        assignment = {"assigned": order.order_no, "unknown": f"WX{draw.randint(10**8, 10**9)}"}.get(kind, "")
        text = f"维修费 {order.order_no} {report.trade}" if kind == "in text" else f"{report.trade}维修费"
        invoice = _Voucher(order, f"19{order.id:08d}", "KR", posted, supplier, assignment, text)
        self._post(invoice, cost)
        if draw.random() < 0.02 and posted < END.date() - timedelta(days=40):
            self._reverse(invoice, posted + timedelta(days=draw.randint(3, 30)), cost)

    def _post(self, voucher: _Voucher, cost: Decimal) -> None:
        """Cost, input tax, payable; now and then something that is none of our business."""
        tax = (cost * Decimal("0.09")).quantize(Decimal("0.01")) if voucher.kind == "KR" else Decimal(0)
        self._line(voucher, 1, COST_ACCOUNT, "S", cost)
        if tax:
            self._line(voucher, 2, TAX_ACCOUNT, "S", tax)
        self._line(voucher, 3, PAYABLE_ACCOUNT, "H", cost + tax)
        if self._random.random() < 0.05:
            self._line(replace(voucher, assignment="", text="办公用品"), 4, OTHER_ACCOUNT, "S", Decimal(66))

    def _reverse(self, invoice: _Voucher, posted: date, cost: Decimal) -> None:
        """The whole invoice is taken back by a document of its own; SAP marks the first one as reversed."""
        for line in self._history.documents:
            if line["AccountingDocument"] == invoice.number:
                line.update(IsReversed=True, LastChangeDate=posted)
        number = f"17{invoice.order.id:08d}"
        back = replace(invoice, number=number, posted=posted, text="冲销", reverses=invoice.number)
        self._line(back, 1, COST_ACCOUNT, "H", cost)
        self._line(back, 2, PAYABLE_ACCOUNT, "S", cost)

    def _line(self, voucher: _Voucher, item: int, account: str, side: str, amount: Decimal) -> None:
        """``side``: S debit, H credit."""
        signed, posted = amount if side == "S" else -amount, voucher.posted
        dollars = self._project.code == "P04" and voucher.order.id % 20 == 0
        foreign = (signed / DOLLARS).quantize(Decimal("0.01")) if dollars else signed
        self._history.documents.append(
            {
                "CompanyCode": self._project.company_code, "FiscalYear": str(posted.year), "AccountingDocument": voucher.number,
                "AccountingDocumentItem": f"{item:03d}", "AccountingDocumentType": voucher.kind, "GLAccount": account,
                "PostingDate": posted, "DocumentDate": posted - timedelta(days=3), "AccountingDocumentCreationDate": posted,
                "LastChangeDate": posted, "FiscalPeriod": f"{posted.month:03d}", "DebitCreditCode": side,
                "TransactionCurrency": "USD" if dollars else "CNY", "AmountInTransactionCurrency": foreign,
                "CompanyCodeCurrency": "CNY", "AmountInCompanyCodeCurrency": signed, "TaxCode": "J9",
                "Project": self._project.code, "Supplier": voucher.supplier, "OrderID": "",
                "AssignmentReference": voucher.assignment,
                "DocumentItemText": voucher.text, "ReverseDocument": voucher.reverses,
                "IsReversal": bool(voucher.reverses), "IsReversed": False,
            }
        )  # fmt: skip


def _leave_plans_to_submit(history: History) -> None:
    """A handful of open orders, the latest, whose plans wait for the hub to submit them; two are dear enough to come back."""
    planned = {plan.order_no for plan in history.plans}
    waiting = [order for order in history.orders if order.status == SURVEYED and order.order_no not in planned]
    waiting.sort(key=lambda order: (order.update_time, order.id), reverse=True)
    for order, amount in zip(waiting, TO_SUBMIT_AMOUNTS, strict=False):
        text = "现场勘察后重做防水及面层，详见报价单"
        plan_no = f"FA{order.order_no[2:]}"
        history.plans.append(Plan(order.id, plan_no, order.order_no, 1, text, Decimal(amount), "1", None, order.update_time))


def _spoil(history: History) -> None:
    """What every real store holds: rows without a text or a time, codes nobody told us."""
    for place, damage in (
        (40, {"content": None}),
        (310, {"content": None}),
        (777, {"create_time": None}),
        (1200, {"level": "9"}),
    ):
        history.orders[place] = replace(history.orders[place], **damage)


def _content_hash(*parts: str) -> str:
    """What an approval is bound to: text, amount, currency."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
