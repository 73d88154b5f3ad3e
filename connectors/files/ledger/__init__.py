"""Tickets out of the ledgers that a team keeps in a folder: XLSX workbooks and CSV files, made by hand."""

from connectors.files.ledger.source import LedgerSource, build_source

__all__ = ["LedgerSource", "build_source"]
