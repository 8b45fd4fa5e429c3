-- Manifests and findings are kept packed (store/packed.rs); what is there stays readable as it is, since here
-- a column takes either form. Findings become a table with row numbers: without them, whatever is longer than
-- a quarter of a page lies in pages of its own, half of which stays empty.

CREATE TABLE findings_by_row (
    agent BLOB NOT NULL,
    snapshot BLOB NOT NULL,
    checks BLOB NOT NULL,
    at INTEGER NOT NULL,
    judgements BLOB NOT NULL,
    PRIMARY KEY (agent, snapshot)
);
INSERT INTO findings_by_row SELECT agent, snapshot, checks, at, judgements FROM findings;
DROP TABLE findings;
ALTER TABLE findings_by_row RENAME TO findings;
