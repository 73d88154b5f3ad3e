"""How people judged what locating had answered: for the scores of a project, and for what is published of them."""

JUDGED = """
    SELECT said.project_code, said.source_system, said.ticket_id, said.seq, answer.shown ->> 'method' AS method,
           ARRAY(SELECT jsonb_array_elements_text(answer.shown -> 'signs')) AS signs,
           CAST(answer.shown ->> 'confidence' AS numeric) AS score,
           EXISTS (SELECT FROM jsonb_array_elements(answer.shown -> 'candidates') AS candidate
                   JOIN hub.bim_element one ON one.element_key = CAST(candidate ->> 'element_key' AS uuid)
                   JOIN hub.bim_element meant ON meant.element_key = ANY(said.element_keys) AND meant.same_as = one.same_as
                   WHERE candidate ->> 'role' = 'PRIMARY') AS held
    FROM (SELECT DISTINCT ON (source_system, ticket_id, seq) * FROM hub.location_decision
          ORDER BY source_system, ticket_id, seq, decision_id DESC) AS said
    JOIN LATERAL (SELECT shown FROM hub.location_decision earlier
          WHERE (earlier.source_system, earlier.ticket_id, earlier.seq) = (said.source_system, said.ticket_id, said.seq)
            AND shown ->> 'method' NOT IN ('DECISION', 'GONE') ORDER BY decision_id DESC LIMIT 1) AS answer ON true
    WHERE said.verdict <> 'OPEN' AND jsonb_typeof(answer.shown -> 'signs') = 'array'
      AND jsonb_path_exists(answer.shown, '$.candidates[*] ? (@.role == "PRIMARY")')"""
"""One row for each defect with a decision that holds, about what was answered before anybody decided: its method, signs and
score, and whether its candidates held an element that the person named. A place alone says that they did not."""
