-- Runbooks: the trust roots and catalogues that machines are handed (as bytes; machines verify them), what people
-- say to jobs at work, and what came of each cause and fix.

CREATE TABLE trust_roots (
    version BIGINT PRIMARY KEY,
    bytes BYTEA NOT NULL,
    signatures TEXT NOT NULL,
    at BIGINT NOT NULL,
    added_by TEXT NOT NULL
);

CREATE TABLE catalogues (
    version BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    manifest BYTEA NOT NULL,
    signatures TEXT NOT NULL,
    at BIGINT NOT NULL,
    published_by TEXT NOT NULL
);

CREATE TABLE catalogue_files (
    digest BYTEA PRIMARY KEY,
    bytes BYTEA NOT NULL
);

CREATE TABLE job_said (
    job BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    said_by TEXT NOT NULL,
    heard BIGINT NOT NULL,
    PRIMARY KEY (job, seq)
);
CREATE INDEX job_said_unheard ON job_said (job) WHERE heard = 0;

-- A row for each cause of each run, and for each fix that was tried (fix_index; -1 for the cause itself).
CREATE TABLE run_results (
    job BYTEA NOT NULL,
    cause TEXT NOT NULL,
    fix_index BIGINT NOT NULL,
    runbook TEXT NOT NULL,
    runbook_version BIGINT NOT NULL,
    ticket BIGINT,
    act TEXT NOT NULL,
    came_to TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (job, cause, fix_index)
);
CREATE INDEX run_results_by_runbook ON run_results (runbook, cause, fix_index);

ALTER TABLE jobs ADD COLUMN runbook TEXT;
ALTER TABLE agents ADD COLUMN trust TEXT;
