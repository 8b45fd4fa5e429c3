-- How often each cause and fix came up, and what became of it (fix_index; -1 for the cause itself): counted when a run
-- ends and when a ticket is opened again, since it is read with every ticket. A result that its ticket came back from
-- is marked, so that a ticket counts once.

ALTER TABLE run_results ADD COLUMN came_back INTEGER;
DROP INDEX run_results_by_runbook;
CREATE INDEX run_results_of_ticket ON run_results (ticket);

CREATE TABLE effects (
    runbook TEXT NOT NULL,
    cause TEXT NOT NULL,
    fix_index INTEGER NOT NULL,
    act TEXT NOT NULL,
    came_up INTEGER NOT NULL,
    done INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    came_back INTEGER NOT NULL,
    PRIMARY KEY (runbook, cause, fix_index)
);

UPDATE run_results SET came_back = 1 WHERE came_to IN ('found', 'verified') AND EXISTS
    (SELECT 1 FROM ticket_events e WHERE e.ticket = run_results.ticket AND e.at > run_results.at
    AND e.event LIKE '{"kind":"reopened"%');
INSERT INTO effects (runbook, cause, fix_index, act, came_up, done, verified, came_back)
    SELECT runbook, cause, fix_index, MAX(act), COUNT(*),
    SUM(CASE WHEN came_to IN ('verified', 'not_verified', 'reverted') THEN 1 ELSE 0 END),
    SUM(CASE WHEN came_to = 'verified' THEN 1 ELSE 0 END),
    COUNT(DISTINCT CASE WHEN came_back = 1 THEN ticket END) FROM run_results
    WHERE came_to NOT IN ('excluded', 'unknown', 'explained')
    GROUP BY runbook, cause, fix_index;
