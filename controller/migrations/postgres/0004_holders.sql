-- Who works on the database: a controller that serves, or a restore. Each counts on in its row.
CREATE TABLE holders (
    id BYTEA NOT NULL PRIMARY KEY,
    work TEXT NOT NULL,
    host TEXT NOT NULL,
    beat BIGINT NOT NULL
);
