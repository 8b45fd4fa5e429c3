-- What the checks say of a snapshot. Derived from its sections, so neither is in a backup: after a
-- restore every snapshot is judged again.

ALTER TABLE snapshots ADD COLUMN judged INTEGER NOT NULL DEFAULT 0;
CREATE INDEX snapshots_to_judge ON snapshots (received_at) WHERE judged = 0;

CREATE TABLE findings (
    agent BLOB NOT NULL,
    snapshot BLOB NOT NULL,
    checks BLOB NOT NULL,
    at INTEGER NOT NULL,
    judgements TEXT NOT NULL,
    PRIMARY KEY (agent, snapshot)
) WITHOUT ROWID;

-- What is wrong on which machine by its latest snapshot: how rare a finding is in the fleet.
CREATE TABLE troubled (
    check_id TEXT NOT NULL,
    agent BLOB NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (check_id, agent)
) WITHOUT ROWID;
CREATE INDEX troubled_by_agent ON troubled (agent);
