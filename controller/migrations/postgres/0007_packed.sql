-- Manifests and findings are kept packed (store/packed.rs); what is there stays readable as it is.

ALTER TABLE snapshots ALTER COLUMN manifest TYPE BYTEA USING convert_to(manifest, 'UTF8');
ALTER TABLE findings ALTER COLUMN judgements TYPE BYTEA USING convert_to(judgements, 'UTF8');
