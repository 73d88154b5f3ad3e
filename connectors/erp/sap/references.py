"""Our number on an order of SAP S/4HANA: a PATCH of the one field that is meant for it.

SAP takes a change only for the entity as it was read (If-Match with its ETag) and with its token against forgery, and the field
is read back: so an interrupted change may simply be made again. What somebody else wrote there is never overwritten.
"""

from typing import NamedTuple

from connectors.contract import OutboxItem, Reply
from connectors.erp.payloads import reference_of
from connectors.erp.sap.odata import ODataService
from connectors.http import HttpOptions
from warranty_hub.errors import BusinessError, ProtocolError
from warranty_hub.records.codes import OrderKind
from warranty_hub.records.effects import OrderReference
from warranty_hub.settings import Connection

TRIES = 3  # somebody may be working on the order


class Target(NamedTuple):
    """Where orders of a kind are, their key, and the field for a reference with its length."""

    service: str
    entity_set: str
    key: str
    field: str
    length: int


TARGETS = {
    OrderKind.PURCHASE_ORDER: Target(
        "API_PURCHASEORDER_PROCESS_SRV", "A_PurchaseOrder", "PurchaseOrder", "CorrespncInternalReference", 12
    ),
    OrderKind.NOTIFICATION: Target(
        "API_MAINTNOTIFICATION", "MaintenanceNotification", "MaintenanceNotification", "MaintNotifExtReferenceNumber", 20
    ),
}


class SapReferences:
    """A Sink (connectors.contract) for ``refer_order``. A reply's reference is ``PURCHASE_ORDER/4500000001``."""

    def __init__(self, connection: Connection, options: HttpOptions, client: str | None) -> None:
        self._services = {kind: ODataService(connection, target.service, options, client) for kind, target in TARGETS.items()}

    def perform(self, item: OutboxItem) -> Reply:
        """Write the reference, unless it is there."""
        wanted = reference_of(item, "SAP")
        target, service = TARGETS[wanted.kind], self._services[wanted.kind]
        if len(wanted.reference) > target.length:
            raise BusinessError(f"{wanted.reference} is longer than the {target.length} characters of SAP's {target.field}")
        for _ in range(TRIES):
            present, etag = self._read(wanted)
            if present == wanted.reference:
                return _reply(wanted)
            if present:
                raise BusinessError(
                    f"{wanted.kind} {wanted.order_no} bears {present} already",
                    remedy=f"Empty {target.field} in SAP if that is wrong, then retry the item.",
                )
            service.change(target.entity_set, wanted.order_no, etag, {target.field: wanted.reference})
        raise ProtocolError(f"SAP at {service.host} takes no notice of {target.field} of {wanted.kind} {wanted.order_no}")

    def lookup(self, item: OutboxItem) -> Reply | None:
        """Whether the order bears it."""
        wanted = reference_of(item, "SAP")
        return _reply(wanted) if self._read(wanted)[0] == wanted.reference else None

    def _read(self, wanted: OrderReference) -> tuple[str, str]:
        """What the order bears, and its ETag."""
        target = TARGETS[wanted.kind]
        found = self._services[wanted.kind].find(target.entity_set, target.key, wanted.order_no)
        if found is None:
            raise BusinessError(f"SAP has no {wanted.kind} {wanted.order_no}, or does not show it to this user")
        order, etag = found
        if target.field not in order:
            raise ProtocolError(f"{target.entity_set} of this SAP has no {target.field}")
        return str(order[target.field] or ""), etag


def _reply(wanted: OrderReference) -> Reply:
    return Reply(f"{wanted.kind}/{wanted.order_no}", {"bears": wanted.reference})
