-- Written by `npm run k8s`; see docs/reference/postgresql.md.

GRANT USAGE ON SCHEMA approver TO hms_approver;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA approver TO hms_approver;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA approver TO hms_approver;
REVOKE INSERT, UPDATE, DELETE ON approver.migration FROM hms_approver;

GRANT USAGE ON SCHEMA linter TO hms_linter;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA linter TO hms_linter;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA linter TO hms_linter;
REVOKE INSERT, UPDATE, DELETE ON linter.migration FROM hms_linter;

GRANT USAGE ON SCHEMA simulator TO hms_simulator;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA simulator TO hms_simulator;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA simulator TO hms_simulator;
REVOKE INSERT, UPDATE, DELETE ON simulator.migration FROM hms_simulator;

GRANT USAGE ON SCHEMA canary_controller TO hms_canary_controller;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA canary_controller TO hms_canary_controller;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA canary_controller TO hms_canary_controller;
REVOKE INSERT, UPDATE, DELETE ON canary_controller.migration FROM hms_canary_controller;

GRANT USAGE ON SCHEMA rollout TO hms_rollout;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA rollout TO hms_rollout;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA rollout TO hms_rollout;
REVOKE INSERT, UPDATE, DELETE ON rollout.migration FROM hms_rollout;

GRANT USAGE ON SCHEMA notifier TO hms_notifier;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA notifier TO hms_notifier;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA notifier TO hms_notifier;
REVOKE INSERT, UPDATE, DELETE ON notifier.migration FROM hms_notifier;

GRANT USAGE ON SCHEMA config_store TO hms_config_store;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA config_store TO hms_config_store;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA config_store TO hms_config_store;
REVOKE INSERT, UPDATE, DELETE ON config_store.migration FROM hms_config_store;

GRANT USAGE ON SCHEMA audit TO hms_audit;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA audit TO hms_audit;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA audit TO hms_audit;
REVOKE UPDATE, DELETE ON audit.entry, audit.tree_node, audit.checkpoint, audit.logged_release, audit.entry_actor, audit.attestation FROM hms_audit;
REVOKE INSERT, UPDATE, DELETE ON audit.migration FROM hms_audit;
