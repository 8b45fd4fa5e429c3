-- Which snapshots a technician calls good: how the machine should be. Whoever compares later starts there.

ALTER TABLE snapshots ADD COLUMN good_by TEXT;
ALTER TABLE snapshots ADD COLUMN good_at INTEGER;
