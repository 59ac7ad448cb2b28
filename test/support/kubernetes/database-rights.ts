import { SERVICES, type ServiceName } from '#libs/contracts'

const HEAD = '-- Written by `npm run k8s`; see docs/reference/postgresql.md.\n'
/** What audit adds to and never changes. */
const APPENDED = ['entry', 'tree_node', 'checkpoint', 'logged_release', 'entry_actor', 'kept_event', 'attestation']

/** For the administrator of the server, once: the owner of the tables, and the roles of services. Passwords are set elsewhere. */
export function rolesSql(): string {
  return `${HEAD}CREATE ROLE hms_owner NOLOGIN;
GRANT CREATE ON DATABASE hms TO hms_owner;
CREATE ROLE hms_migrate IN ROLE hms_owner;
ALTER ROLE hms_migrate SET role = 'hms_owner';
${SERVICES.map((service) => `CREATE ROLE ${roleOf(service)};\n`).join('')}`
}

/**
 * With each `migrate`, as the role that it runs as: a service uses its own schema, and no other. The default rights are for what a
 * later `migrate` makes: nothing says that it ends before these statements run.
 */
export function grantsSql(): string {
  return HEAD + SERVICES.map(grantsOf).join('')
}

function grantsOf(service: ServiceName): string {
  const schema = service.replaceAll('-', '_')
  const role = roleOf(service)
  const appended = APPENDED.map((table) => `${schema}.${table}`).join(', ')
  // guard: rights-of-later-tables
  return `
GRANT USAGE ON SCHEMA ${schema} TO ${role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role};
ALTER DEFAULT PRIVILEGES FOR ROLE hms_owner IN SCHEMA ${schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};
ALTER DEFAULT PRIVILEGES FOR ROLE hms_owner IN SCHEMA ${schema} GRANT USAGE ON SEQUENCES TO ${role};
${service === 'audit' ? `REVOKE UPDATE, DELETE ON ${appended} FROM ${role};\n` : ''}REVOKE INSERT, UPDATE, DELETE ON ${schema}.migration FROM ${role};
`
}

function roleOf(service: ServiceName): string {
  return `hms_${service.replaceAll('-', '_')}`
}
