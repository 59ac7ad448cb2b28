-- Written by `npm run k8s`; see docs/reference/postgresql.md.
CREATE ROLE hms_owner NOLOGIN;
GRANT CREATE ON DATABASE hms TO hms_owner;
CREATE ROLE hms_migrate IN ROLE hms_owner;
ALTER ROLE hms_migrate SET role = 'hms_owner';
CREATE ROLE hms_approver;
CREATE ROLE hms_linter;
CREATE ROLE hms_simulator;
CREATE ROLE hms_canary_controller;
CREATE ROLE hms_rollout;
CREATE ROLE hms_notifier;
CREATE ROLE hms_config_store;
CREATE ROLE hms_audit;
