"""Tickets, and anything else, out of a REST API that is declared in hub.yaml."""

from connectors.tickets.rest.source import RestSource, build_source

__all__ = ["RestSource", "build_source"]
