"""The documents in which the sandbox's SAP describes its services: $metadata, EDMX of OData 2.0."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal

from sandbox.sap_sets import EntitySet, Type

EDM = "http://schemas.microsoft.com/ado/2008/09/edm"
EDMX = "http://schemas.microsoft.com/ado/2007/06/edmx"
DATA_SERVICES = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
TYPES: Mapping[Type, str] = {
    date: '"Edm.DateTime" Precision="0"',
    datetime: '"Edm.DateTimeOffset" Precision="0"',
    time: '"Edm.Time" Precision="0"',
    Decimal: '"Edm.Decimal" Precision="24" Scale="3"',
    bool: '"Edm.Boolean"',
}


def metadata(service: str, entity_sets: Mapping[str, EntitySet]) -> str:
    """A service with these entity sets."""
    types = "".join(part for found in entity_sets.values() for part in _type(found))
    sets = "".join(part for found in entity_sets.values() for part in _set(found))
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="{EDMX}" xmlns:m="{DATA_SERVICES}">
<edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="{service}" xmlns="{EDM}">
{types}<EntityContainer Name="{service}_Entities" m:IsDefaultEntityContainer="true">{sets}</EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def _type(found: EntitySet) -> Iterator[str]:
    """An entity's type, and its relations to its parts, each of which has the two roles Whole and Part."""
    key = "".join(f'<PropertyRef Name="{name}"/>' for name in found.key)
    properties = "".join(_property(found, name) for name in found.properties)
    relations = [(name, _relation(found, name), part) for name, part in found.parts.items()]
    navigations = "".join(
        f'<NavigationProperty Name="{name}" Relationship="{found.service}.{relation}" FromRole="Whole" ToRole="Part"/>'
        for name, relation, _ in relations
    )
    yield f'<EntityType Name="{found.name}Type"><Key>{key}</Key>{properties}{navigations}</EntityType>'
    for _, relation, part in relations:
        yield (
            f'<Association Name="{relation}"><End Type="{found.service}.{found.name}Type" Multiplicity="1" Role="Whole"/>'
            f'<End Type="{found.service}.{part.name}Type" Multiplicity="*" Role="Part"/></Association>'
        )


def _set(found: EntitySet) -> Iterator[str]:
    yield f'<EntitySet Name="{found.name}" EntityType="{found.service}.{found.name}Type"/>'
    for name, part in found.parts.items():
        relation = _relation(found, name)
        yield (
            f'<AssociationSet Name="{relation}Set" Association="{found.service}.{relation}">'
            f'<End EntitySet="{found.name}" Role="Whole"/><End EntitySet="{part.name}" Role="Part"/></AssociationSet>'
        )


def _relation(found: EntitySet, navigation: str) -> str:
    return f"assoc_{found.name}_{navigation}"


def _property(found: EntitySet, name: str) -> str:
    kind = found.properties[name]
    edm = f'"Edm.String" MaxLength="{kind}"' if isinstance(kind, int) else TYPES[kind]
    return f'<Property Name="{name}" Type={edm} Nullable="{"false" if name in found.key else "true"}"/>'
