"""SAP S/4HANA: how its OData pages are read stands in `odata`, which streams there are in `streams`, postings in `journal`."""

from connectors.erp.sap.source import build_source

__all__ = ["build_source"]
