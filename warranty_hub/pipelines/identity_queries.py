"""What identity.py asks of the database, in the order in which it does."""

KEPT = """
    SELECT i.step_id, i.own_key FROM hub.bim_element_revision i JOIN hub.bim_revision r USING (revision_id)
    WHERE r.model_id = :model_id AND r.sha256 = :sha256"""

UNIQUE_NAMES = """
    SELECT i.revision_id, i.ifc_class, i.guid, min(i.step_id) AS step_id FROM hub.bim_element_revision i
    WHERE i.revision_id IN (SELECT :revision UNION SELECT before.revision_id FROM before) AND i.guid IS NOT NULL
    GROUP BY 1, 2, 3 HAVING count(*) = 1"""

BEFORE = """
    SELECT o.revision_id FROM hub.bim_revision o JOIN hub.bim_revision n ON n.model_id = o.model_id
    WHERE o.revision_id = ANY(:superseded) AND n.revision_id = :revision"""

SAME_NAME = f"""
    WITH before AS ({BEFORE}), named AS ({UNIQUE_NAMES})
    UPDATE hub.bim_element_revision n SET own_key = o.own_key, element_key = o.own_key
    FROM named here JOIN named there USING (ifc_class, guid), hub.bim_element_revision o
    WHERE here.revision_id = :revision AND there.revision_id <> :revision
      AND n.revision_id = here.revision_id AND n.step_id = here.step_id
      AND o.revision_id = there.revision_id AND o.step_id = there.step_id
      AND o.own_key <> n.own_key"""

UNIQUE_TAGS = """
    SELECT revision_id, ifc_class, tag, min(step_id) AS step_id FROM hub.bim_element_revision
    WHERE revision_id IN (SELECT :revision UNION SELECT revision_id FROM before) AND tag IS NOT NULL
    GROUP BY 1, 2, 3 HAVING count(*) = 1"""

DOUBTFUL_NAMES = f"""
    WITH before AS ({BEFORE}), tagged AS ({UNIQUE_TAGS}), named AS ({UNIQUE_NAMES}), doubtful AS (
        SELECT n.step_id
        FROM tagged here JOIN tagged there USING (ifc_class, tag)
        JOIN hub.bim_element_revision o ON o.revision_id = there.revision_id AND o.step_id = there.step_id
        JOIN hub.bim_element_revision n ON n.revision_id = here.revision_id AND n.own_key = o.own_key
        WHERE here.revision_id = :revision AND there.revision_id <> :revision AND n.step_id <> here.step_id
        UNION
        SELECT here.step_id
        FROM named here JOIN hub.bim_element_revision o ON o.revision_id IN (SELECT revision_id FROM before)
            AND o.ifc_class = here.ifc_class AND o.guid = here.guid
        WHERE here.revision_id = :revision GROUP BY 1 HAVING count(*) > 1
    )
    SELECT doubtful.step_id, r.model_id, r.sha256 FROM doubtful JOIN hub.bim_revision r ON r.revision_id = :revision"""

RENAME = """
    UPDATE hub.bim_element_revision SET own_key = :own_key, element_key = :own_key
    WHERE revision_id = :revision AND step_id = :step_id"""

BEAR = """
    INSERT INTO hub.bim_element (element_key, model_id, ifc_class, guid, born_revision_id, same_as)
    SELECT i.own_key, r.model_id, i.ifc_class, i.guid, r.revision_id, i.own_key
    FROM hub.bim_element_revision i JOIN hub.bim_revision r USING (revision_id) WHERE i.revision_id = :revision
    ORDER BY i.own_key ON CONFLICT DO NOTHING"""
"""In the order of its indexes: half the time of one that jumps about in them."""

ANALYSE_ARRIVED = "ANALYZE hub.bim_element_revision (revision_id, step_id, own_key, element_key, ifc_class, guid, tag)"
ANALYSE_LEFT = "ANALYZE hub.bim_element (left_revision_id, left_step_id, born_revision_id)"
"""The server's statistics do not know yet what came or left in this transaction: 200,000 elements got the plan of one, and 3
minutes instead of seconds."""

LEAD = """
    UPDATE hub.bim_element_revision i SET element_key = e.same_as FROM hub.bim_element e
    WHERE i.revision_id = :revision AND e.element_key = i.own_key AND e.same_as <> i.element_key"""

TWINS = """
    WITH twin AS (
        SELECT element_key FROM hub.bim_element_revision WHERE revision_id = :revision GROUP BY 1 HAVING count(*) > 1
    )
    SELECT one.own_key AS new_key, other.own_key AS old_key, r.project_code
    FROM twin JOIN hub.bim_element_revision one USING (element_key) JOIN hub.bim_element_revision other USING (element_key)
    JOIN hub.bim_revision r ON r.revision_id = :revision
    WHERE one.revision_id = :revision AND other.revision_id = :revision AND one.own_key < other.own_key"""

SHOWN = """
    SELECT FROM hub.bim_element_revision c JOIN hub.bim_revision r ON r.revision_id = c.revision_id AND r.current"""

VACATE = f"""
    UPDATE hub.bim_element e SET left_revision_id = o.revision_id, left_step_id = o.step_id
    FROM hub.bim_element_revision o
    WHERE o.revision_id = ANY(:superseded) AND e.element_key = o.element_key
      AND NOT EXISTS ({SHOWN} WHERE c.element_key = o.element_key)"""

OCCUPY = """
    UPDATE hub.bim_element e SET left_revision_id = NULL, left_step_id = NULL
    FROM hub.bim_element_revision i
    WHERE i.revision_id = :revision AND e.element_key = i.element_key AND e.left_revision_id IS NOT NULL"""

OPEN_MATCHES = """
    SELECT m.*, now.element_key AS new_element, was.element_key AS old_element FROM hub.element_match m
    JOIN hub.bim_element n ON n.element_key = m.new_key JOIN hub.bim_element now ON now.element_key = n.same_as
    JOIN hub.bim_element o ON o.element_key = m.old_key JOIN hub.bim_element was ON was.element_key = o.same_as
    WHERE m.state = 'REVIEW' AND now.left_revision_id IS NULL AND was.left_revision_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM hub.element_decision d WHERE d.new_key = m.new_key AND d.old_key = m.old_key)
      AND NOT EXISTS (SELECT FROM hub.bim_element_revision one JOIN hub.bim_element_revision other USING (revision_id)
                      WHERE one.element_key = now.element_key AND other.element_key = was.element_key)"""
"""Evidence that waits for a person: the old element is gone, the new one is there, no file shows both, nobody has decided."""

SNAPSHOT = """
    i.own_key, i.element_key, i.revision_id, r.model_id, r.project_code, i.ifc_class, i.guid, i.tag, i.name, i.object_type,
    i.type_name, i.material, i.property_sets, i.x_min, i.y_min, i.z_min, i.x_max, i.y_max, i.z_max,
    concat_ws(' / ', storey.name, space.name, space.long_name) AS room"""

PLACES = """
    LEFT JOIN hub.bim_storey storey ON storey.revision_id = i.revision_id AND storey.step_id = i.storey_step
    LEFT JOIN hub.bim_space space ON space.revision_id = i.revision_id AND space.step_id = i.space_step"""

LONE_TAGS = """
    SELECT revision_id, ifc_class, tag FROM hub.bim_element_revision
    WHERE revision_id = ANY(:revisions) AND tag IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) = 1"""
"""Asked by itself: joined to what is vacant, it is taken for 200 rows where it has 100,000, and each is looked at for each."""

WAITING = f"SELECT DISTINCT old_element FROM ({OPEN_MATCHES}) AS open"

VACANT = f"""
    WITH vacant AS (
        SELECT e.element_key, e.left_revision_id AS revision_id, e.left_step_id AS step_id
        FROM hub.bim_element e JOIN hub.bim_revision r ON r.revision_id = e.left_revision_id
        JOIN hub.bim_revision n ON n.revision_id = :revision AND n.project_code = r.project_code
        WHERE e.same_as = e.element_key AND (n.model_id = r.model_id OR n.building_code = r.building_code)
          AND NOT EXISTS (SELECT FROM hub.bim_element_revision here
                          WHERE here.revision_id = :revision AND here.element_key = e.element_key)
    )
    SELECT {SNAPSHOT} FROM vacant JOIN hub.bim_element_revision i USING (revision_id, step_id)
    JOIN hub.bim_revision r USING (revision_id) {PLACES}
    ORDER BY i.revision_id, i.step_id"""

FRESH = f"""
    SELECT {SNAPSHOT} FROM hub.bim_element_revision i JOIN hub.bim_revision r USING (revision_id) {PLACES}
    JOIN hub.bim_element e ON e.element_key = i.own_key AND e.born_revision_id = :revision
    WHERE i.revision_id = :revision ORDER BY i.step_id"""

JOIN = """
    UPDATE hub.bim_element n SET same_as = m.old_key FROM hub.element_match m
    WHERE m.run_id = :run_id AND m.state = 'AUTO' AND n.element_key = m.new_key"""

CHANGES = f"""
    INSERT INTO hub.element_change (run_id, revision_id, element_key, other_key, change)
    SELECT :run_id, :revision, e.element_key, e.element_key, 'REMOVED'
    FROM hub.bim_element e JOIN hub.bim_element_revision o ON o.revision_id = e.left_revision_id AND o.step_id = e.left_step_id
    WHERE e.left_revision_id = ANY(:superseded) AND e.same_as = e.element_key
      AND NOT EXISTS ({SHOWN} WHERE c.element_key = e.element_key)
    UNION ALL
    SELECT :run_id, :revision, i.element_key, i.element_key, 'RETURNED'
    FROM hub.bim_element_revision i JOIN hub.bim_element e ON e.element_key = i.element_key
    WHERE i.revision_id = :revision AND e.left_revision_id IS NOT NULL AND e.left_revision_id <> ALL(:superseded)
    UNION ALL
    SELECT :run_id, :revision, i.element_key, i.element_key, 'ADDED'
    FROM hub.bim_element_revision i JOIN hub.bim_element e ON e.element_key = i.element_key
    WHERE i.revision_id = :revision AND e.born_revision_id = :revision AND cardinality(CAST(:superseded AS bigint[])) > 0
    ON CONFLICT DO NOTHING"""

COUNTED = """
    SELECT change, count(DISTINCT element_key) AS elements FROM hub.element_change
    WHERE run_id = :run_id GROUP BY 1 ORDER BY 1"""

KIN = """
    SELECT element_key FROM hub.bim_element
    WHERE same_as IN (SELECT same_as FROM hub.bim_element WHERE element_key = ANY(:keys)) ORDER BY 1"""

LATEST = """
    SELECT DISTINCT ON (new_key, old_key) * FROM hub.element_decision
    WHERE new_key = ANY(:keys) AND old_key = ANY(:keys) ORDER BY new_key, old_key, decision_id DESC"""

LINKS = f"""
    SELECT new_key, old_key FROM (
        SELECT new_key, old_key, 0 AS weight, decision_id AS number FROM ({LATEST}) AS latest WHERE verdict = 'SAME'
        UNION ALL
        SELECT new_key, old_key, 1, match_id FROM hub.element_match
        WHERE state = 'AUTO' AND new_key = ANY(:keys) AND old_key = ANY(:keys)
    ) AS link ORDER BY weight, number"""

APART = f"""
    SELECT new_key, old_key FROM ({LATEST}) AS latest WHERE verdict = 'DIFFERENT'
    UNION
    SELECT new_key, old_key FROM hub.element_match WHERE state = 'REFUTED' AND new_key = ANY(:keys) AND old_key = ANY(:keys)"""

TURN_OUT = "UPDATE hub.bim_element SET same_as = :element WHERE element_key = :own_key AND same_as <> :element"

LEAD_ALL = """
    UPDATE hub.bim_element_revision i SET element_key = e.same_as FROM hub.bim_element e
    WHERE i.own_key = ANY(:keys) AND e.element_key = i.own_key AND e.same_as <> i.element_key"""

SEE_AGAIN = f"""
    UPDATE hub.bim_element e SET left_revision_id = last.revision_id, left_step_id = last.step_id
    FROM hub.bim_element k LEFT JOIN LATERAL (
        SELECT i.revision_id, i.step_id FROM hub.bim_element_revision i
        WHERE i.element_key = k.element_key AND NOT EXISTS ({SHOWN} WHERE c.element_key = k.element_key)
        ORDER BY i.revision_id DESC LIMIT 1
    ) last ON true
    WHERE k.element_key = ANY(:keys) AND e.element_key = k.element_key"""

_COLUMNS = ("file_name", "ifc_class", "name", "tag", "guid", "room", "x_min", "y_min", "z_min", "x_max", "y_max", "z_max")
_BOTH = ", ".join(f"{side}.{name} AS {side}_{name}" for side in ("old", "new") for name in _COLUMNS)
_SIDE = f"""
    SELECT r.file_name, i.ifc_class, i.name, i.tag, i.guid, i.x_min, i.y_min, i.z_min, i.x_max, i.y_max, i.z_max,
           concat_ws(' / ', storey.name, space.name, space.long_name) AS room
    FROM hub.bim_element_revision i JOIN hub.bim_revision r USING (revision_id) {PLACES}"""

SIDE_BY_SIDE = f"""
    SELECT m.match_id, m.project_code, m.state, m.method, m.distance, {_BOTH}
    FROM hub.element_match m
    JOIN LATERAL ({_SIDE} WHERE i.own_key = m.old_key ORDER BY i.revision_id DESC LIMIT 1) AS old ON true
    JOIN LATERAL ({_SIDE} WHERE i.own_key = m.new_key ORDER BY r.current DESC, i.revision_id DESC LIMIT 1) AS new ON true
    WHERE m.match_id IN ({{chosen}}) AND m.project_code = coalesce(:project, m.project_code)
    ORDER BY m.project_code, m.new_key, m.match_id"""
"""Pairs with both elements as their models show them, or showed them last; ``chosen``: a query of match_id."""

BETWEEN = """
    SELECT 'a file shows both' FROM hub.element_match
    WHERE state = 'REFUTED' AND ((new_key, old_key) = (:new_key, :old_key) OR (new_key, old_key) = (:old_key, :new_key))
    UNION ALL
    SELECT format('by pair %s the new element is another one already', m.match_id)
    FROM hub.element_match m
    JOIN hub.bim_element n ON n.element_key = m.new_key JOIN hub.bim_element o ON o.element_key = m.old_key
    WHERE m.new_key = :new_key AND m.old_key <> :old_key AND n.same_as = o.same_as"""
"""What keeps two keys from being one element, in words."""

SHOWN_TWICE = """
    SELECT string_agg(DISTINCT r.file_name, ', ')
    FROM hub.bim_element_revision i JOIN hub.bim_revision r USING (revision_id)
    WHERE i.element_key = (SELECT same_as FROM hub.bim_element WHERE element_key = :new_key)
    GROUP BY CASE WHEN r.current THEN 0 ELSE r.revision_id END HAVING count(*) > 1"""
"""The files, one or those current together, that show an element twice."""

LINKED_MATCHES = """
    SELECT match_id FROM hub.element_match m
    JOIN hub.bim_element n ON n.element_key = m.new_key JOIN hub.bim_element o ON o.element_key = m.old_key
    WHERE m.state = 'AUTO' AND n.same_as = o.same_as"""
