"""Which tickets a number may mean. Facts of other systems name a ticket by its number, and two ticket stores may share one."""


def tickets_of(fact: str) -> str:
    """SQL: the living tickets that a fact may mean by its ``ticket_no``: those of its own source, else those of any.

    ``alike`` says how many there are; with more than one, the fact does not say which.
    """
    return f"""(
        SELECT source_system, source_id, ticket_no, project_code, reported_state, count(*) OVER () AS alike FROM hub.ticket t
        WHERE t.ticket_no = {fact}.ticket_no AND t.deleted_at IS NULL
          AND (t.source_system = {fact}.source_system OR NOT EXISTS (
              SELECT FROM hub.ticket own WHERE (own.ticket_no, own.source_system) = ({fact}.ticket_no, {fact}.source_system)
                 AND own.deleted_at IS NULL)))"""


def approval_of(ticket: str) -> str:
    """SQL: ``approval_id`` of the newest approved plan for the ticket of ``ticket_no``, ``ticket_system`` and ``ticket_id``."""
    return f"""(
        SELECT p.approval_id FROM hub.repair_plan p CROSS JOIN LATERAL {tickets_of("p")} meant
        WHERE p.ticket_no = {ticket}.ticket_no AND p.deleted_at IS NULL AND p.approval_id IS NOT NULL AND meant.alike = 1
          AND (meant.source_system, meant.source_id) = ({ticket}.ticket_system, {ticket}.ticket_id)
        ORDER BY p.version DESC, p.source_system, p.source_id LIMIT 1)"""


NAMED = f"""
    SELECT DISTINCT number, source_system, source_id, ticket_no, project_code
    FROM (SELECT every.*, min(rank) OVER (PARTITION BY number) AS first FROM (
              SELECT ticket_no AS number, source_system, source_id, ticket_no, project_code, 0 AS rank
              FROM hub.ticket WHERE deleted_at IS NULL
              UNION ALL
              SELECT p.plan_no, t.source_system, t.source_id, t.ticket_no, t.project_code, 1
              FROM hub.repair_plan p CROSS JOIN LATERAL {tickets_of("p")} t WHERE p.deleted_at IS NULL) every) ranked
    WHERE rank = first"""
"""The tickets of each number: its own, else those that a plan of that number repairs. Ask for some numbers at a time."""

PLAN_ALONE = """NOT EXISTS (
        SELECT FROM hub.repair_plan other
        WHERE other.plan_no = p.plan_no AND other.source_system <> p.source_system AND other.deleted_at IS NULL)"""
"""SQL: no other source has a plan of this number, so that an approval which states just the number means plan ``p``."""
