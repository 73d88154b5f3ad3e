"""A Kingdee 云星空 on loopback, as far as bills are queried and vouchers are made: the Web API of one data centre.

It does what Kingdee does and clients trip over: every answer is a 200, a lost session and a wrong field too, and in queries
such an error hides in the first cell; lines that an order leaves equal come in another order each time; a page ends at the
version's own limit; amounts are numbers with ten decimals, times are local; Save takes no notice of fields that it does not
know, and here saves new vouchers only. Sessions live in cookies; calls may be signed instead.
"""

import base64
import hashlib
import hmac
import itertools
import json
import random
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from sandbox.kingdee_filter import EXCEPTION, Filter, RefusedError, check_field, ranked_by
from sandbox.kingdee_report import account_balances
from sandbox.web import Answer, Request, WebServer

SITE = "/K3Cloud/"
SERVICES = "Kingdee.BOS.WebApi.ServicesStub."
SIGNING_MASK = b"0054f397c6234378b09ca7d3"  # what the vendor's clients put over the second part of an app id
SESSION_COOKIES = ("kdservice-sessionid", "ASP.NET_SessionId")
DEFAULT, SESSION_LOST, NOT_FOUND, INVALID, NOT_NOW = 0, 1, 10, 11, 12
Value = str | int | Decimal | date | datetime | None
Fields = Mapping[str, Value]


@dataclass(frozen=True)
class Form:
    """Names and types of a form's fields: ``line`` is the name of its lines' id, ``parts`` what else the lines have.

    ``audited`` is the time of the audit, which leaves FModifyDate as it is.
    """

    id: str
    head: Mapping[str, type]
    line: str | None = None
    parts: Mapping[str, type] = field(default_factory=dict)
    audited: str = "FApproveDate"

    def known(self) -> Mapping[str, type]:
        """Every field by its name in lower case: Kingdee does not look at the case."""
        own = {self.id: int, self.audited: datetime, **({self.line: int} if self.line else {})}
        return {name.lower(): kind for name, kind in {**own, **COMMON, **self.head, **self.parts}.items()}


COMMON: Mapping[str, type] = {
    "FDocumentStatus": str,
    "FCreateDate": datetime,
    "FModifyDate": datetime,
    "FApproveDate": datetime,
}
FORMS = {
    "GL_VOUCHER": Form(
        "FVOUCHERID",
        {
            "FAccountBookID.FNumber": str, "FAccountBookID.FName": str, "FBillNo": str, "FDate": date, "FBUSDATE": date,
            "FYEAR": int, "FPERIOD": int, "FVOUCHERGROUPID.FNumber": str, "FVOUCHERGROUPNO": str, "F_HUB_Key": str,
        },
        "FEntity_FEntryID",
        {
            "FEntity_FEntrySeq": int, "FEXPLANATION": str, "FACCOUNTID.FNumber": str, "FACCOUNTID.FName": str,
            "FCURRENCYID.FNumber": str, "FEXCHANGERATE": Decimal, "FAMOUNTFOR": Decimal, "FDEBIT": Decimal, "FCREDIT": Decimal,
            "FDetailID.FFLEX4.FNumber": str, "FDetailID.FFLEX5.FNumber": str,
        },
        "FAuditDate",
    ),
    "AP_Payable": Form(
        "FID",
        {
            "FBillNo": str, "FDATE": date, "FSETTLEORGID.FNumber": str, "FSUPPLIERID.FNumber": str, "FSUPPLIERID.FName": str,
            "FCURRENCYID.FNumber": str,
        },
        "FEntityDetail_FEntryID",
        {
            "FCOSTID.FNumber": str, "FMATERIALID.FNumber": str, "FNoTaxAmountFor_D": Decimal, "FTAXAMOUNTFOR_D": Decimal,
            "FALLAMOUNTFOR_D": Decimal, "FCOMMENT": str,
        },
    ),
    "ER_ExpReimbursement": Form(
        "FID",
        {
            "FBillNo": str, "FDate": date, "FCausa": str, "FProposerID.FName": str, "FOrgID.FNumber": str, "FCancelStatus": str,
            "FCurrencyID.FNumber": str,
        },
        "FEntity_FEntryID",
        {"FExpID.FNumber": str, "FExpID.FName": str, "FExpenseAmount": Decimal, "FRequestAmount": Decimal},
    ),
    "PUR_PurchaseOrder": Form(
        "FID",
        {
            "FBillNo": str, "FDate": date, "FPurchaseOrgId.FNumber": str, "FSupplierId.FNumber": str, "FSupplierId.FName": str,
            "FSettleCurrId.FNumber": str, "FCancelStatus": str, "FCloseStatus": str,
        },
        "FPOOrderEntry_FEntryID",
        {
            "FMaterialId.FNumber": str, "FQty": Decimal, "FEntryAmount": Decimal, "FAllAmount": Decimal, "FEntryNote": str,
            "FMRPCloseStatus": str,
        },
    ),
    "BD_Supplier": Form("FSupplierId", {"FNumber": str, "FName": str, "FForbidStatus": str}),
}  # fmt: skip
"""A selection of the real forms' fields. F_HUB_Key is what a customer adds: a text of `KEY_LENGTH` characters."""
KEY_LENGTH = 200


@dataclass
class Bill:
    """A bill as it stands in the data centre. Names as in `FORMS`."""

    form: str
    id: int
    head: dict[str, Value]
    lines: list[dict[str, Value]]


@dataclass(frozen=True)
class KingdeeUser:
    """Who may call, by password or by an app with its secret."""

    name: str
    password: str
    data_centre: str
    app_id: str = "100_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
    app_secret: str = "app-secret"  # noqa: S105 - a sandbox's


class KingdeeServer(WebServer):
    """Serves one data centre to one user. ``most_rows``: the version's limit; ``clock``: its local time."""

    def __init__(
        self, user: KingdeeUser, *, most_rows: int = 2000, clock: Callable[[], datetime] = datetime.now, bill_query: bool = True
    ) -> None:
        self.bills: list[Bill] = []
        self.refusals: dict[str, tuple[int, str]] = {}
        """Service → MsgCode and words with which it is refused."""
        self.wrong_logins = 0
        self._user = user
        self._most_rows = most_rows
        self._clock = clock
        self._bill_query = bill_query
        self._sessions: set[str] = set()
        self._ids = itertools.count(100_000, 10)
        self._chance = random.Random(1)
        super().__init__()

    # ------------------------------------------------------------------------------------------------ what people do there
    def add(self, form: str, head: Fields, *lines: Fields) -> Bill:
        """Make a bill, audited and changed now unless ``head`` says otherwise. ValueError for what no form could hold."""
        now = self._clock()
        made = {"FDocumentStatus": "C", "FCreateDate": now, "FModifyDate": now, FORMS[form].audited: now, **head}
        number = next(self._ids)
        bill = Bill(form, number, made, [])
        for place, line in enumerate(lines, start=1):
            own = FORMS[form].line
            ids: dict[str, Value] = {own: number * 10 + place} if own else {}
            sequence: dict[str, Value] = {"FEntity_FEntrySeq": place} if form == "GL_VOUCHER" else {}
            bill.lines.append({**ids, **sequence, **line})
        for name, value in [*made.items(), *(item for line in bill.lines for item in line.items())]:
            kind = FORMS[form].known().get(name.lower())
            if kind is None or (value is not None and type(value) is not kind):
                raise ValueError(f"{form} cannot hold {name} = {value!r}")
        self.bills.append(bill)
        return bill

    def end_sessions(self) -> None:
        """What a restart does, or twenty minutes of silence."""
        self._sessions.clear()

    # ------------------------------------------------------------------------------------------------ the Web API
    def answer(self, request: Request) -> Answer:
        """Find the service and call it."""
        name = re.fullmatch(rf"{SITE}{re.escape(SERVICES)}(\w+\.\w+)\.common\.kdsvc", request.path)
        if request.method != "POST" or not name:
            return Answer(404, b"<html><body>404</body></html>", "text/html")
        try:
            body = json.loads(request.body, parse_float=Decimal)
        except ValueError:
            return Answer(200, b"response_error: the body is no JSON", "text/plain; charset=utf-8")
        service = name[1]
        if service in ("AuthService.ValidateUser", "AuthService.LoginByAppSecret"):
            return self._log_in(service, body)
        operation = service.removeprefix("DynamicFormService.")
        try:
            return _json(self._perform(operation, body, request))
        except RefusedError as refusal:
            result = _refused(refusal)
            return _json([[result]] if operation.endswith("BillQuery") else result)

    def _perform(self, operation: str, body: Any, request: Request) -> Any:
        if not self._in_session(request) and not self._is_signed(request):
            raise RefusedError(SESSION_LOST, "会话信息已丢失，请重新登录")
        if operation in self.refusals:
            raise RefusedError(*self.refusals[operation])
        if operation == "ExecuteBillQuery" or (operation == "BillQuery" and self._bill_query):
            names, rows = self._query(_data(body, "data"))
            return rows if operation == "ExecuteBillQuery" else [dict(zip(names, row, strict=True)) for row in rows]
        if operation == "GetSysReportData":
            vouchers = [bill for bill in self.bills if bill.form == "GL_VOUCHER" and bill.head["FDocumentStatus"] == "C"]
            return account_balances(_form(body), _data(body, "data"), [(bill.head, bill.lines) for bill in vouchers])
        if operation == "Save":
            return self._save(_form(body), _data(body, "data"))
        if operation in STEPS:
            return self._take(operation, _form(body), _data(body, "data"))
        raise RefusedError(EXCEPTION, f"服务 {operation} 不存在")

    # ------------------------------------------------------------------------------------------------ who calls
    def _log_in(self, service: str, body: Any) -> Answer:
        names = ["acctID", "username", "password", "lcid"]
        if service.endswith("LoginByAppSecret"):
            names = ["acctID", "username", "appid", "appsecret", "lcid"]
        given = dict(zip(names, body["parameters"], strict=False)) if "parameters" in body else body
        user = self._user
        if given.get("acctID") != user.data_centre:
            return _json({"LoginResultType": -1, "Message": "会话信息已丢失，请重新登录", "IsSuccessByAPI": False})
        if "appid" in names:
            right = (given.get("username"), given.get("appid"), given.get("appsecret")) == (
                user.name,
                user.app_id,
                user.app_secret,
            )
        else:
            right = self.wrong_logins < 5 and (given.get("username"), given.get("password")) == (user.name, user.password)
        if not right:
            self.wrong_logins += 1
            return _json({"LoginResultType": 0, "Message": "用户名或密码错误", "MessageCode": "CheckPasswordPolicy"})
        session = secrets.token_hex(12)
        self._sessions.add(session)
        answer = _json({"LoginResultType": 1, "Message": None, "IsSuccessByAPI": True, "KDSVCSessionId": session})
        return Answer(200, answer.body, answer.media_type, {"Set-Cookie": f"{SESSION_COOKIES[0]}={session}; path=/; HttpOnly"})

    def _in_session(self, request: Request) -> bool:
        found = re.search(rf"{SESSION_COOKIES[0]}=(\w+)", request.headers.get("cookie", ""))
        return found is not None and found[1] in self._sessions

    def _is_signed(self, request: Request) -> bool:
        """Both signatures are right: the gateway's over the call, the user's over who calls."""
        headers, user = request.headers, self._user
        who = base64.b64decode(headers.get("x-kd-appdata", "")).decode()
        signed = "".join(f"{name}:{headers.get(name)}\n" for name in ("x-api-nonce", "x-api-timestamp"))
        call = f"{request.method}\n{quote(request.path, safe='')}\n\n{signed}"
        client, _, masked = user.app_id.partition("_")
        gateway_key = bytes(a ^ b for a, b in zip(base64.b64decode(masked), SIGNING_MASK, strict=True))
        return (
            who.split(",")[:2] == [user.data_centre, user.name]
            and headers.get("x-api-clientid") == client
            and headers.get("x-api-signature") == _sign(base64.b64encode(gateway_key), call)
            and headers.get("x-kd-signature") == _sign(user.app_secret.encode(), user.app_id + who)
        )

    # ------------------------------------------------------------------------------------------------ queries
    def _query(self, question: Mapping[str, Any]) -> tuple[list[str], list[list[Value]]]:
        form = FORMS.get(str(question.get("FormId")))
        if form is None:
            raise RefusedError(EXCEPTION, "业务对象不存在")
        known = form.known()
        names = [name.strip() for name in str(question.get("FieldKeys", "")).split(",")]
        for name in names:
            check_field(name, known)
        keep = Filter(str(question.get("FilterString") or ""), known).keep
        rows = [row for row in self._rows(str(question["FormId"]), form, names) if keep(row)]
        self._chance.shuffle(rows)
        for term in reversed([term for term in str(question.get("OrderString") or "").split(",") if term.strip()]):
            name, _, direction = term.strip().partition(" ")
            check_field(name, known)
            rows.sort(key=ranked_by(name.lower()), reverse=direction.strip().lower() == "desc")
        first = int(question.get("StartRow") or 0)
        limit = min(int(question.get("Limit") or self._most_rows), self._most_rows)
        return names, [[row[name.lower()] for name in names] for row in rows[first : first + limit]]

    def _rows(self, form_id: str, form: Form, names: Sequence[str]) -> Iterable[dict[str, Value]]:
        """A row for every line, or for every bill when nothing of its lines is asked for; what is not set is null."""
        parts = {name.lower() for name in form.parts} | {str(form.line).lower()}
        by_line = any(name.lower() in parts for name in names)
        for bill in self.bills:
            if bill.form == form_id:
                for line in (bill.lines or [{}]) if by_line else [{}]:
                    row = {form.id: bill.id, **bill.head, **line}
                    yield {**dict.fromkeys(form.known()), **{name.lower(): value for name, value in row.items()}}

    # ------------------------------------------------------------------------------------------------ vouchers
    def _save(self, form_id: str, data: Mapping[str, Any]) -> Any:
        model = data.get("Model") or {}
        if form_id != "GL_VOUCHER" or model.get("FVOUCHERID"):
            raise RefusedError(NOT_NOW, "沙箱只保存新凭证")
        head, lines = _flat(model), [_flat(line) for line in model.get("FEntity") or []]
        if not head.get("FAccountBookID.FNumber"):
            raise RefusedError(INVALID, "字段“账簿”是必填项", "FAccountBookID")
        if len(str(head.get("F_HUB_Key") or "")) > KEY_LENGTH:
            raise RefusedError(INVALID, "字段长度超过限制", "F_HUB_Key")
        if len(lines) < 2 or any(not line.get("FACCOUNTID.FNumber") for line in lines):
            raise RefusedError(INVALID, "分录的科目是必填项", "FACCOUNTID")
        typed = [_typed(line, FORMS["GL_VOUCHER"].parts) for line in lines]
        if sum(line.get("FDEBIT") or 0 for line in typed) != sum(line.get("FCREDIT") or 0 for line in typed):
            raise RefusedError(INVALID, "凭证借贷不平衡")
        made = _typed(head, FORMS["GL_VOUCHER"].head)
        day: date = made["FDate"]
        number = sum(bill.form == "GL_VOUCHER" for bill in self.bills) + 1
        own: dict[str, Any] = {
            "FBillNo": f"PZ{number:06d}",
            "FVOUCHERGROUPNO": str(number),
            "FYEAR": day.year,
            "FPERIOD": day.month,
        }
        bill = self.add("GL_VOUCHER", {**made, **own, "FDocumentStatus": "A", "FAuditDate": None}, *typed)
        return _done(bill)

    def _take(self, operation: str, form_id: str, data: Mapping[str, Any]) -> Any:
        ids = {part.strip() for part in str(data.get("Ids") or "").split(",")}
        numbers = data.get("Numbers") or ()
        mine = (bill for bill in self.bills if bill.form == form_id)
        bill = next((bill for bill in mine if str(bill.id) in ids or bill.head["FBillNo"] in numbers), None)
        if bill is None:
            raise RefusedError(NOT_FOUND, "单据不存在")
        before, after = STEPS[operation]
        if str(bill.head["FDocumentStatus"]) not in before:
            raise RefusedError(NOT_NOW, f"单据“{bill.head['FBillNo']}”的状态不允许此操作")
        bill.head["FDocumentStatus"] = after
        bill.head[FORMS[form_id].audited] = self._clock() if after == "C" else None
        return _done(bill)


STEPS = {"Submit": ("AD", "B"), "Audit": ("B", "C"), "UnAudit": ("C", "D")}
"""Operation → states that it takes, state that it leaves."""


def _data(body: Any, name: str) -> Any:
    """The named argument, or the last of the positional ones; each as an object or as its text."""
    found = body["parameters"][-1] if "parameters" in body else body.get(name)
    return json.loads(found, parse_float=Decimal) if isinstance(found, str) else found


def _form(body: Any) -> str:
    return str(body["parameters"][0] if "parameters" in body else body.get("formid"))


def _flat(model: Mapping[str, Any]) -> dict[str, Any]:
    """``{"FDetailID": {"FDETAILID__FFLEX4": {"FNumber": "S1"}}}`` → ``{"FDetailID.FFLEX4.FNumber": "S1"}``."""
    flat: dict[str, Any] = {}
    for name, value in model.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{part}": inner for part, inner in _flat(value).items()}
        else:
            flat[name] = value
    return {name.replace("FDETAILID__", ""): value for name, value in flat.items()}


def _typed(given: Mapping[str, Any], kinds: Mapping[str, type]) -> dict[str, Any]:
    """The fields that the form knows, in its types; others are left out without a word."""
    read: Mapping[type, Callable[[Any], Any]] = {str: str, int: int, Decimal: lambda value: Decimal(str(value)), date: _day}
    try:
        return {name: read[kinds[name]](value) for name, value in given.items() if name in kinds and value not in (None, "")}
    except (ValueError, InvalidOperation):
        raise RefusedError(EXCEPTION, "输入字符串的格式不正确") from None


def _day(value: Any) -> date:
    return datetime.fromisoformat(str(value)).date()


def _done(bill: Bill) -> Any:
    entity = {"Id": bill.id, "Number": bill.head["FBillNo"], "DIndex": 0}
    status = {"IsSuccess": True, "Errors": [], "SuccessEntitys": [entity], "SuccessMessages": [], "MsgCode": DEFAULT}
    return {"Result": {"ResponseStatus": status, "Id": bill.id, "Number": bill.head["FBillNo"], "NeedReturnData": [{}]}}


def _refused(refusal: RefusedError) -> Any:
    error = {"FieldName": refusal.field_name, "Message": str(refusal), "DIndex": 0}
    status = {"IsSuccess": False, "ErrorCode": 500, "Errors": [error], "SuccessEntitys": [], "MsgCode": refusal.code}
    return {"Result": {"ResponseStatus": status}}


def _sign(key: bytes, text: str) -> str:
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).hexdigest().encode()).decode()


# ---------------------------------------------------------------------------------------------------- JSON as .NET writes it
def _json(body: Any) -> Answer:
    return Answer(200, _text(body).encode(), "application/json; charset=utf-8")


def _text(value: Any) -> str:
    """Amounts with ten decimals, times local and without a zone."""
    if isinstance(value, Decimal):
        return f"{value:.10f}"
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return f'"{moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")}"'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
