-- Runbooks: the trust roots and catalogues that machines are handed (as bytes; machines verify them), what people
-- say to jobs at work, and what came of each cause and fix.

CREATE TABLE trust_roots (
    version INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL,
    signatures TEXT NOT NULL,
    at INTEGER NOT NULL,
    added_by TEXT NOT NULL
);

CREATE TABLE catalogues (
    version INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    manifest BLOB NOT NULL,
    signatures TEXT NOT NULL,
    at INTEGER NOT NULL,
    published_by TEXT NOT NULL
);

CREATE TABLE catalogue_files (
    digest BLOB PRIMARY KEY,
    bytes BLOB NOT NULL
);

CREATE TABLE job_said (
    job BLOB NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    said_by TEXT NOT NULL,
    heard INTEGER NOT NULL,
    PRIMARY KEY (job, seq)
);
CREATE INDEX job_said_unheard ON job_said (job) WHERE heard = 0;

-- A row for each cause of each run, and for each fix that was tried (fix_index; -1 for the cause itself).
CREATE TABLE run_results (
    job BLOB NOT NULL,
    cause TEXT NOT NULL,
    fix_index INTEGER NOT NULL,
    runbook TEXT NOT NULL,
    runbook_version INTEGER NOT NULL,
    ticket INTEGER,
    act TEXT NOT NULL,
    came_to TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (job, cause, fix_index)
);
CREATE INDEX run_results_by_runbook ON run_results (runbook, cause, fix_index);

ALTER TABLE jobs ADD COLUMN runbook TEXT;
ALTER TABLE agents ADD COLUMN trust TEXT;
