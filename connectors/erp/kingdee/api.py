"""Calls to the forms of one of Kingdee's data centres."""

from collections.abc import Mapping
from typing import Any

from connectors.answers import Answer
from connectors.erp.kingdee.login import KingdeeOptions, SessionLogin, SignedCalls
from connectors.erp.kingdee.wire import judge_kingdee, status_of, target, to_json
from connectors.http import HttpSession, Login, base_url
from warranty_hub.settings import Connection


class KingdeeApi:
    """Calls to the forms of one data centre. Errors: RetryableError, LoginError, ProtocolError, BusinessError."""

    def __init__(self, connection: Connection, options: KingdeeOptions) -> None:
        login: Login = SignedCalls(connection, options) if options.login == "signed" else SessionLogin(connection, options)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        site = base_url(connection) + options.path
        self._http = HttpSession(site, options.http, login=login, judge=judge_kingdee, headers=headers)
        self.host = self._http.host

    def query(self, service: str, question: Mapping[str, Any]) -> Answer:
        """Ask ExecuteBillQuery or BillQuery, as often as it takes."""
        return self._call(service, {"data": question}, idempotent=True)

    def report(self, form: str, question: Mapping[str, Any]) -> Answer:
        """Ask GetSysReportData, as often as it takes."""
        return self._call("GetSysReportData", {"formid": form, "data": question}, idempotent=True)

    def change(self, service: str, form: str, data: Mapping[str, Any]) -> None:
        """Call a service that writes, once. Raises BusinessError when it was refused."""
        answer = self._call(service, {"formid": form, "data": data}, idempotent=False)
        if status_of(answer) is None:
            answer.malformed("does not say whether it was done")

    def _call(self, service: str, body: Mapping[str, Any], *, idempotent: bool) -> Answer:
        request = self._http.request("POST", target(f"DynamicFormService.{service}"), data=to_json(body))
        return self._http.repeat(lambda: self._http.exchange(request), idempotent=idempotent)
