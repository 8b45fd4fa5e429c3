-- When somebody wanted a job stopped that its machine has: it is told so until the job has ended.
ALTER TABLE jobs ADD COLUMN cancel_at INTEGER;
CREATE INDEX jobs_to_cancel ON jobs (agent) WHERE cancel_at IS NOT NULL AND ended_at IS NULL;
