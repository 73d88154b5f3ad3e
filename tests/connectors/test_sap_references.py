"""Our number on SAP's orders: written once, never over somebody else's words, and told when SAP will not have it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connectors.contract import OutboxItem, Reply
from connectors.erp.sap.references import SapReferences
from connectors.http import HttpOptions
from sandbox.sap_s4 import SapServer
from sandbox.sap_sets import NOTIFICATIONS, PURCHASE_ORDERS, ROOT
from sandbox.web import Answer, Request
from tests.sandbox.systems import http_connection
from warranty_hub.errors import BusinessError, ProtocolError

QUICK = HttpOptions(attempts=2, longest_wait=0.02, read_timeout=20)
SET = ROOT + "API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder"


@pytest.fixture
def sap() -> Iterator[SapServer]:
    with SapServer([], "HUB", "x") as server:
        server.put({"PurchaseOrder": "4500000001", "CompanyCode": "1000", "Supplier": "V001"}, PURCHASE_ORDERS)
        server.put({"MaintenanceNotification": "10000020", "CompanyCode": "1000"}, NOTIFICATIONS)
        yield server


def item(**changes: Any) -> OutboxItem:
    return OutboxItem(
        "ref:1", "refer_order", {"kind": "PURCHASE_ORDER", "order_no": "4500000001", "reference": "WX00017", **changes}
    )


def sink(sap: SapServer) -> SapReferences:
    return SapReferences(http_connection("sap", sap, "HUB", "x"), QUICK, None)


def test_the_ticket_is_on_the_order_and_the_rest_of_it_is_changed(sap: SapServer) -> None:
    before = dict(sap.entity(PURCHASE_ORDERS, "4500000001"))
    assert sink(sap).perform(item()) == Reply("PURCHASE_ORDER/4500000001", {"bears": "WX00017"})
    after = dict(sap.entity(PURCHASE_ORDERS, "4500000001"))
    assert {name for name in after if after[name] != before[name]} == {"CorrespncInternalReference", "LastChangeDateTime"}
    assert sink(sap).perform(item(kind="NOTIFICATION", order_no="10000020")).reference == "NOTIFICATION/10000020"
    assert sap.entity(NOTIFICATIONS, "10000020")["MaintNotifExtReferenceNumber"] == "WX00017"


def test_what_a_buyer_wrote_there_is_overwritten(sap: SapServer) -> None:
    sap.put({**sap.entity(PURCHASE_ORDERS, "4500000001"), "CorrespncInternalReference": "0815"}, PURCHASE_ORDERS)
    with pytest.raises(BusinessError, match="bears 0815 already") as caught:
        sink(sap).perform(item())
    assert "Empty CorrespncInternalReference in SAP" in caught.value.remedy
    assert sink(sap).lookup(item()) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_no": "4500000009"}, "has no PURCHASE_ORDER 4500000009"),
        ({"reference": "WX-2025-00017"}, "longer than the 12 characters"),
        ({"kind": "SALES_ORDER"}, "kind: Input should be"),
    ],
)
def test_what_can_never_be_written_is_tried_again_and_again(sap: SapServer, changes: dict[str, str], reason: str) -> None:
    with pytest.raises(BusinessError, match=reason):
        sink(sap).perform(item(**changes))


def test_somebody_who_changes_the_order_meanwhile_loses_his_change(sap: SapServer) -> None:
    answer = sap.respond

    def change_first(request: Request) -> Answer:
        if request.method == "PATCH":
            sap.respond = answer
            sap.put({**sap.entity(PURCHASE_ORDERS, "4500000001"), "Supplier": "V002"}, PURCHASE_ORDERS)
        return answer(request)

    sap.respond = change_first
    sink(sap).perform(item())
    order = sap.entity(PURCHASE_ORDERS, "4500000001")
    assert (order["Supplier"], order["CorrespncInternalReference"]) == ("V002", "WX00017")


def test_an_sap_that_says_yes_and_does_nothing_is_believed(sap: SapServer) -> None:
    answer = sap.respond
    sap.respond = lambda request: Answer(204, b"", "application/json") if request.method == "PATCH" else answer(request)
    with pytest.raises(ProtocolError, match="takes no notice"):
        sink(sap).perform(item())


def test_the_sandboxs_sap_takes_a_change_that_sap_would_not(sap: SapServer) -> None:
    with requests.Session() as session:
        session.auth = ("HUB", "x")
        token = session.get(sap.address + SET, headers={"X-CSRF-Token": "Fetch"}, timeout=10).headers["x-csrf-token"]
        session.headers["X-CSRF-Token"] = token

        def patch(order: str, body: str, **headers: str) -> int:
            address = f"{sap.address}{SET}('{order}')"
            return session.patch(address, body, headers={"If-Match": "*", **headers}, timeout=10).status_code

        assert patch("4500000001", '{"CorrespncInternalReference": "A"}', **{"If-Match": 'W/"old"'}) == 412
        assert patch("4500000001", '{"Supplier": "V009"}') == 400
        assert patch("4500000001", '{"CorrespncInternalReference": "longer than twelve"}') == 400
        assert patch("4500000009", "{}") == 404
        assert patch("4500000001", '{"CorrespncInternalReference": "A"}') == 204
