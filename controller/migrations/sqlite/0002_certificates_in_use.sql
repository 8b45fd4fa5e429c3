-- Until when the last certificate is good that a machine has used since it renewed: an older one is
-- out of use from then on.
ALTER TABLE agents ADD COLUMN certificate_until INTEGER;
