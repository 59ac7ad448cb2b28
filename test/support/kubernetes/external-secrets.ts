import { SERVICES } from '#libs/contracts'

/** Kafka users whose Secrets Strimzi makes; certificates of both clusters are made by their operators too. */
const DATABASE_ROLES = ['migrate', ...SERVICES]
const KEYS = [...SERVICES, 'audit-log', 'witness']

/** An `ExternalSecret` for each Secret that the manifests name and no operator makes: signing keys, the keys that partners' secrets are stored under, logins of the database. */
export function externalSecrets(): object[] {
  const logins = DATABASE_ROLES.map((role) => external(`hms-${role}-database`, ['username', 'password'], 'kubernetes.io/basic-auth'))
  const keys = KEYS.map((name) => external(`hms-${name}-key`, ['key.pem'], 'Opaque'))
  return [...keys, external('hms-notifier-secrets', ['keys'], 'Opaque'), ...logins]
}

function external(name: string, keys: string[], type: string): object {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name },
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: 'hms-svc' },
      target: { name, template: { type } },
      data: keys.map((key) => ({ secretKey: key, remoteRef: { key: `hms-svc/${name}`, property: key } })),
    },
  }
}
