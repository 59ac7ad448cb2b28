import { spawnSync } from 'node:child_process'

/** Java 17 and Maven: what a real broker from jars needs. */
export function kafkaHere() {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const major = /version "(\d+)/.exec(java.stderr ?? '')?.[1]
  if (java.error !== undefined || major === undefined) return { ok: false, why: 'there is no java; install a JDK, 17 or newer' }
  if (Number(major) < 17) return { ok: false, why: `java is ${major}; Kafka needs 17 or newer` }
  if (spawnSync('mvn', ['-v']).error !== undefined) return { ok: false, why: 'there is no mvn; install Maven' }
  return { ok: true }
}
