"""What the states of a ticket mean for whoever counts."""

from warranty_hub.records.codes import TicketState

NOT_COUNTED = frozenset({TicketState.DUPLICATE, TicketState.CANCELLED})
"""Reported by mistake: in no count of tickets but their own."""

SETTLED = frozenset({TicketState.ACCEPTED, TicketState.CLOSED, TicketState.REJECTED})
"""Counted, and nothing is left to repair."""
