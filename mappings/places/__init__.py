"""From what people write to a place: the structure of an address, and the register of a project's places."""

from mappings.places.address import AddressReading, parse_address
from mappings.places.moved import AskedText, MovedPlaces
from mappings.places.place import Place, Resolution, ResolveMethod, in_unit
from mappings.places.register import Register
from mappings.places.ticket import DefectReading, TicketReading, read_ticket

__all__ = [
    "AddressReading",
    "AskedText",
    "DefectReading",
    "MovedPlaces",
    "Place",
    "Register",
    "Resolution",
    "ResolveMethod",
    "TicketReading",
    "in_unit",
    "parse_address",
    "read_ticket",
]
