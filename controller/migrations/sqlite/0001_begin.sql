-- Times are Unix microseconds, ids 16 bytes, JSON is text: the same on both databases.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL,
    data BLOB
) WITHOUT ROWID;
INSERT INTO meta (key, value, data) VALUES
    ('ticket', 0, NULL),
    ('audit', 0, x'0000000000000000000000000000000000000000000000000000000000000000'),
    ('epoch', 0, NULL);

CREATE TABLE tokens (
    id BLOB NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    uses_left INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    machine_group TEXT NOT NULL,
    network TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE redemptions (
    token BLOB NOT NULL,
    key_hash BLOB NOT NULL,
    agent BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (token, key_hash)
) WITHOUT ROWID;

CREATE TABLE agents (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    os TEXT NOT NULL,
    agent_version TEXT NOT NULL,
    machine_group TEXT NOT NULL,
    public_key BLOB NOT NULL,
    recovery_counter INTEGER NOT NULL,
    enrolled_at INTEGER NOT NULL,
    last_seen INTEGER,
    revoked_at INTEGER,
    last_snapshot BLOB,
    clock_offset_ms INTEGER
);
CREATE INDEX agents_by_name ON agents (folded, id);
CREATE INDEX agents_revoked ON agents (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE sections (
    hash BLOB NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
);

-- Which machine sent or named which section: what "already here" is answered from. The reference
-- keeps a section from being removed beside an upload that counts on it.
CREATE TABLE owned (
    agent BLOB NOT NULL,
    hash BLOB NOT NULL REFERENCES sections (hash),
    PRIMARY KEY (agent, hash)
) WITHOUT ROWID;
CREATE INDEX owned_by_hash ON owned (hash);

CREATE TABLE snapshots (
    id BLOB NOT NULL,
    agent BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    ticket INTEGER,
    manifest TEXT NOT NULL,
    PRIMARY KEY (id, agent)
);
CREATE INDEX snapshots_of_agent ON snapshots (agent, received_at, id);

CREATE TABLE tickets (
    number INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    subject TEXT NOT NULL,
    folded TEXT NOT NULL,
    requester TEXT NOT NULL,
    machine BLOB,
    status TEXT NOT NULL,
    priority INTEGER NOT NULL,
    level TEXT NOT NULL,
    assignee TEXT,
    solution TEXT,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    request BLOB
);
CREATE UNIQUE INDEX tickets_of_request ON tickets (machine, request) WHERE request IS NOT NULL;
CREATE INDEX tickets_in_queue ON tickets (status, priority, number);
CREATE INDEX tickets_of_machine ON tickets (machine);

CREATE TABLE ticket_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by_name TEXT NOT NULL,
    event TEXT NOT NULL
);
CREATE INDEX events_of_ticket ON ticket_events (ticket, seq);

CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    agent BLOB NOT NULL,
    ticket INTEGER,
    work TEXT NOT NULL,
    parameters TEXT NOT NULL,
    state TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    answered INTEGER NOT NULL,
    last_event INTEGER NOT NULL,
    audit BLOB NOT NULL
);
CREATE INDEX jobs_waiting ON jobs (agent, created_at) WHERE state = 'waiting';
CREATE INDEX jobs_open ON jobs (deadline) WHERE ended_at IS NULL;

CREATE TABLE job_events (
    job BLOB NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    what TEXT NOT NULL,
    PRIMARY KEY (job, seq)
) WITHOUT ROWID;

CREATE TABLE operators (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    password_hash TEXT NOT NULL
);

CREATE TABLE credentials (
    id BLOB NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    kind TEXT NOT NULL,
    operator BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX credentials_of_operator ON credentials (operator);

CREATE TABLE audit (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    source TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    seq INTEGER,
    hash BLOB
);
CREATE UNIQUE INDEX audit_by_place ON audit (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_without_place ON audit (id) WHERE seq IS NULL;
