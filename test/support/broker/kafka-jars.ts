import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cacheFolder } from './broker.config.js'

const POM = fileURLToPath(new URL('pom.xml', import.meta.url))
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const MINIMUM_JAVA = 17

export type Availability = { ok: true } | { ok: false; why: string }

/** Whether a broker can be started here: Java, and the jars or Maven to fetch them. */
export function kafkaAvailable(): Availability {
  const java = javaVersion()
  if (java === undefined) return { ok: false, why: 'java is not installed' }
  if (java < MINIMUM_JAVA) return { ok: false, why: `java ${java} is too old, Kafka needs ${MINIMUM_JAVA}` }
  if (!existsSync(jarFolder()) && spawnSync('mvn', ['-v']).status !== 0) {
    return { ok: false, why: 'the jars of Kafka are not cached, and mvn, which fetches them, is not installed' }
  }
  return { ok: true }
}

/** The jars, fetched on first use. Several processes may do so at once: each fetches into its own draft, the first rename wins. */
export async function kafkaJars(): Promise<string[]> {
  const place = jarFolder()
  if (!existsSync(place)) await fetchJars(place)
  // Sorted: the class archive is tied to the order of the class path.
  return readdirSync(place)
    .filter((name) => name.endsWith('.jar'))
    .toSorted()
    .map((name) => join(place, name))
}

async function fetchJars(place: string): Promise<void> {
  mkdirSync(cacheFolder(), { recursive: true })
  const draft = mkdtempSync(`${place}.`)
  try {
    await promisify(execFile)('mvn', ['-B', '-q', '-f', POM, COPY_DEPENDENCIES, '-DincludeScope=runtime', `-DoutputDirectory=${draft}`])
    renameSync(draft, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** The class archive of this JDK and these jars; it halves the start. A wrong one would only warn, and be of no use. */
export function classArchive(jars: string[]): string {
  const key = createHash('sha256').update(javaBanner())
  for (const jar of jars) key.update(`${jar} ${statSync(jar).mtimeMs}\n`)
  return `${jarFolder()}-${key.digest('hex').slice(0, 12)}.jsa`
}

function jarFolder(): string {
  return join(cacheFolder(), `kafka-${createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12)}`)
}

function javaVersion(): number | undefined {
  const major = /version "(\d+)/.exec(javaBanner())?.[1]
  return major === undefined ? undefined : Number(major)
}

function javaBanner(): string {
  return spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? ''
}
