"""What goes over the wire to Kingdee: the names of services, questions, rows, and what an answer means.

A service is a POST of JSON to ``<path>/<full name>.common.kdsvc``. Nearly every answer has status 200: whether it went well
stands in ``Result.ResponseStatus``, which an answer to a query hides in its first cell. Sources: the vendor's client for Python
(kingdee.cdp.webapi.sdk 8.2.0) for names and parameters; public clients for what errors look like.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.answers import Answer, judge_status
from warranty_hub.errors import (
    BusinessError,
    LoginError,
    MalformedAnswerError,
    ProtocolError,
    RateLimitedError,
    RetryableError,
)

SESSION_LOST, NO_RIGHT, EXCEPTION, DATABASE, BUSY, TOO_MANY_CALLS, ADMINISTRATOR = 1, 2, 4, 6, 13, 14, 15  # MsgCode
MOST_WORDS = 3


def target(service: str) -> str:
    """Where a service is, below the site: ``DynamicFormService.Save``."""
    return f"Kingdee.BOS.WebApi.ServicesStub.{service}.common.kdsvc"


def to_json(body: Mapping[str, Any]) -> bytes:
    """The arguments of a service, by name."""
    return json.dumps(body, ensure_ascii=False).encode()


def bill_query(
    form: str, fields: Sequence[str], condition: str, order: Sequence[str], start: int, limit: int
) -> dict[str, Any]:
    """A question for ExecuteBillQuery and BillQuery: ``limit`` rows from row ``start`` on, counted from 0."""
    return {
        "FormId": form,
        "FieldKeys": ",".join(fields),
        "FilterString": condition,
        "OrderString": ",".join(order),
        "TopRowCount": 0,
        "StartRow": start,
        "Limit": limit,
        "SubSystemId": "",
    }


def read_rows(answer: Answer, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Rows by field name, from arrays (ExecuteBillQuery) or objects (BillQuery)."""
    body = answer.json()
    if not isinstance(body, list):
        answer.malformed("holds no rows")
    rows = []
    for row in body:
        if isinstance(row, list) and len(row) == len(fields):
            rows.append(dict(zip(fields, row, strict=True)))
        elif isinstance(row, dict) and row.keys() >= set(fields):
            rows.append({name: row[name] for name in fields})
        else:
            answer.malformed(f"holds a row that has not the {len(fields)} fields asked for")
    return rows


def judge_kingdee(answer: Answer) -> None:
    """Raise what a status beyond 2xx means, and what a 200 hides."""
    judge_status(answer)
    if answer.content.startswith(b"response_error:"):
        raise ProtocolError(f"{answer.call} was answered with {answer.content[:300].decode(errors='replace')}")
    status = status_of(answer)
    if status is None or status.get("IsSuccess") is True:
        return
    code = status.get("MsgCode")
    message = f"{answer.call} was refused: {_words(status)} (MsgCode {code})"
    if code == SESSION_LOST:
        raise LoginError(message, remedy="Check `data_centre`, and that the app is authorised: Kingdee says the same for both.")
    if code in (NO_RIGHT, ADMINISTRATOR):
        raise LoginError(message, remedy="Give this user the right to the form, in the organisations concerned.")
    if code == TOO_MANY_CALLS:
        raise RateLimitedError(message)
    if code == BUSY:
        raise RetryableError(message)
    if code in (EXCEPTION, DATABASE):
        raise ProtocolError(message, remedy="Read Kingdee's own words: often a field that this data centre does not have.")
    raise BusinessError(message, reply_code=str(code))


def status_of(answer: Answer) -> Mapping[str, Any] | None:
    """The ``ResponseStatus`` of an answer, if it has one; one that cannot be read is told by who reads it.

    Large answers, which are rows, are not parsed for it.
    """
    if b'"ResponseStatus"' not in answer.content:
        return None
    try:
        return _status(answer.json())
    except MalformedAnswerError:
        return None


def _status(body: Any) -> Mapping[str, Any] | None:
    """Found in ``{"Result": …}``, ``[{"Result": …}]`` and ``[[{"Result": …}]]``."""
    while isinstance(body, list) and body:
        body = body[0]
    result = body.get("Result") if isinstance(body, dict) else None
    status = result.get("ResponseStatus") if isinstance(result, dict) else None
    return status if isinstance(status, dict) else None


def _words(status: Mapping[str, Any]) -> str:
    errors = [error for error in status.get("Errors") or [] if isinstance(error, dict)]
    words = [[str(error[part]) for part in ("FieldName", "Message") if error.get(part)] for error in errors[:MOST_WORDS]]
    return "; ".join(map(": ".join, words)) or "it gives no reason"
