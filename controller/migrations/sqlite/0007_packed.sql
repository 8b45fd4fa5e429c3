-- Manifests and findings are kept packed (store/packed.rs); what is there stays readable as it is. Here a
-- column takes either form, so there is nothing to alter.
SELECT 1;
