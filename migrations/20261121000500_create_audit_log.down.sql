DROP FUNCTION audit_chain_broken_at(uuid);
DROP FUNCTION record_audit(jsonb);
DROP FUNCTION audit_hash(bytea, uuid, jsonb);
DROP TABLE audit_chains;
DROP TABLE audit_log;
