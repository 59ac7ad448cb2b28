import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SERVICES, TOPICS } from '#libs/contracts'
import { expectGolden } from '../support/documents/golden-file.js'
import { grantsSql, rolesSql } from '../support/kubernetes/database-rights.js'
import { externalSecrets } from '../support/kubernetes/external-secrets.js'
import { printManifests } from '../support/kubernetes/manifests.js'
import { prometheusRule } from '../support/kubernetes/prometheus-rule.js'
import { kafkaTopics, kafkaUsers } from '../support/kubernetes/strimzi.js'
import { ROOT } from './root.js'

const COMMAND = 'npm run k8s'

/** Files that repeat the catalogue for Kubernetes; `npm run k8s` regenerates them. */
describe('files for Kubernetes', () => {
  it('have a KafkaTopic for each topic, and for the dead letters of each service', async () => {
    const topics = kafkaTopics()
    expect(topics).toHaveLength(TOPICS.length + SERVICES.length)
    await expectGolden(printManifests(topics), 'k8s/components/strimzi/topics.yaml', COMMAND)
  })

  it('have a KafkaUser for each service, one that compares and one that counts', async () => {
    const users = kafkaUsers()
    expect(users).toHaveLength(SERVICES.length + 2)
    await expectGolden(printManifests(users), 'k8s/components/strimzi/users.yaml', COMMAND)
  })

  it('have the rights of each service in PostgreSQL', async () => {
    await expectGolden(rolesSql(), 'k8s/components/cloudnative-pg/roles.sql', COMMAND)
    await expectGolden(grantsSql(), 'k8s/components/cloudnative-pg/grants.sql', COMMAND)
  })

  it('grant audit the rights in docs/reference/postgresql.md', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/postgresql.md'), 'utf8')
    const blocks = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, block]) => block!)
    const statements = (sql: string): string[] => sql.split(/;\n/).map((line) => line.replace(/^--.*\n/, '').trim())
    expect(statements(grantsSql())).toEqual(expect.arrayContaining(statements(blocks[1]!).filter((line) => line !== '')))
  })

  it('have the rules of Prometheus for its operator', async () => {
    const alerts = readFileSync(join(ROOT, 'k8s/components/monitoring/alerts.yml'), 'utf8')
    await expectGolden(printManifests([prometheusRule(alerts)]), 'k8s/components/monitoring/prometheus-rule.yaml', COMMAND)
  })

  it('have an ExternalSecret for each key and each login of the database', async () => {
    await expectGolden(printManifests(externalSecrets()), 'k8s/components/external-secrets/secrets.yaml', COMMAND)
  })
})
