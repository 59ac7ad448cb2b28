import { HmsError } from '#libs/contracts'
import { acquireFolder, EmbeddedError } from '#libs/files'
import { readHostConfig, readNamedSigner, readRosterFile, usableHostConfig, type HostConfig } from '#libs/process'
import {
  readSettings,
  configInvalid,
  createLogger,
  describeError,
  listenError,
  Metrics,
  shrinkHeapWhenIdle,
  systemClock,
  type Environment,
} from '#libs/platform'
import { keyIdOf, type LogPolicy, type NoteKey, type Roster, type Signer } from '#libs/signing'
import { FileSeenStore, Witness } from '#libs/witness'
import { join } from 'node:path'
import { withRosterRefresh, WatchedLogs } from './watched-logs.js'
import { createWitnessServer } from './witness-server.js'
import { readWitnessConfig } from './witness.config.js'

const OTHER_FOLDER = 'HMS_WITNESS_DIR=FOLDER hms-svc serve witness'

/**
 * Starts a witness process. It signs checkpoints of the log that its pinned roster file names, and stores them in its own folder. Rejects
 * if the witness cannot sign, store or listen: with `HMS_WITNESS_FOLDER`, a code of `listenError`, or a code about the roster or the key.
 */
export async function serveWitness(env: Environment): Promise<{ port: number; stop(): Promise<void> }> {
  const [config, { port, dir: given }, roster, signer] = await readSettings([
    () => readHostConfig(env),
    () => readWitnessConfig(env),
    () => readRosterFile(usableHostConfig(env)),
    () => signerOf(usableHostConfig(env), env),
  ])
  const dir = given ?? join(config.dataDir, 'witness')
  const key = keyOf(signer, policyOf(roster))
  // Two processes with the same stored checkpoints could together sign two histories of a log.
  const lock = await acquireFolder(dir, { purpose: 'serve witness' }).catch((error: unknown) => {
    throw folderError(dir, error)
  })
  try {
    const seen = new FileSeenStore(dir)
    await seen.check()
    const log = createLogger(config.logLevel, { process: 'witness' })
    const logs = new WatchedLogs({ roster, read: () => readRosterFile(config), clock: systemClock, log })
    const witness = new Witness(key, signer, () => logs.keys(), seen, systemClock)
    shrinkHeapWhenIdle(systemClock)
    const server = createWitnessServer(withRosterRefresh(witness, logs), log, new Metrics().withProcessMetrics())
    await server.listen({ port, host: config.host }).catch((error: unknown) => {
      throw listenError(config.host, port, error, (other) => `HMS_WITNESS_PORT=${other} hms-svc serve witness`)
    })
    const address = server.server.address() as { port: number }
    return { port: address.port, stop: () => server.close().then(() => lock.release()) }
  } catch (error) {
    await lock.release()
    throw folderError(dir, error)
  }
}

function policyOf({ logPolicy }: Roster): LogPolicy {
  if (logPolicy !== undefined) return logPolicy
  const detail = 'The roster names no transparency log, so there is nothing to witness.'
  throw new HmsError('HMS_AUDIT_NO_LOG', detail, { status: 404, next: ['hms-svc roster show'] })
}

async function signerOf(config: HostConfig, env: Environment): Promise<Signer> {
  const signer = await readNamedSigner('witness', config, env)
  if (signer !== undefined) return signer
  const detail = 'The witness needs its signing key: set HMS_WITNESS_KEY_FILE to a PKCS#8 file.'
  throw configInvalid(detail, { code: 'HMS_SERVICE_KEY_REQUIRED' })
}

function keyOf({ keyid }: Signer, { witnesses }: LogPolicy): NoteKey {
  const key = witnesses.find((each) => keyIdOf(each.key) === keyid)
  if (key !== undefined) return key
  const detail = `The roster names no witness with the key ${keyid}, so its signatures would not count.`
  throw new HmsError('HMS_IDENTITY_MISMATCH', detail, { status: 403, next: ['hms-svc roster show'] })
}

function folderError(dir: string, error: unknown): HmsError {
  if (error instanceof HmsError) return error
  if (error instanceof EmbeddedError) return new HmsError(error.code, error.message, { status: 409, next: [OTHER_FOLDER], cause: error })
  const why = 'It does not start, because it must record every checkpoint that it signs.'
  const detail = `The witness cannot store its state in ${dir} (${describeError(error)}). ${why}`
  return new HmsError('HMS_WITNESS_FOLDER', detail, { status: 400, next: [OTHER_FOLDER], cause: error })
}
