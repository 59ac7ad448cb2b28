import { randomBytes } from 'node:crypto'
import { type Socket, connect, type LookupFunction } from 'node:net'
import { ADDRESS_REFUSED, checkPartnerHost, type Deployment } from '../../partners/address-guard.js'
import type { SftpChannel } from '../../partners/channel.js'
import { guardedLookup, type Resolve } from '../../partners/guarded-lookup.js'
import type { AckResult, AckSource, Attempt, ChannelRefusal, ChannelSender, Outcome, SentMessage } from '../channel-sender.js'
import { Deadline } from '../deadline.js'
import { ackName, dropFiles, type DropResult } from './drop-files.js'
import { documentName, messageFiles } from './message-files.js'
import { SftpFailure, type RemoteFolder } from './remote-folder.js'
import { SftpSession } from './sftp-session.js'
import { pinHost, userKeyRefusal } from '../../partners/ssh-keys.js'

/** Deadline of the whole attempt. */
const DEADLINE_MS = 15_000
const STEP_MS = 8_000
const MAX_ACK_BYTES = 4 * 1024
const MAX_ACKS = 100

export interface SftpSenderOptions {
  deployment: Deployment
  /** Makes the detached signature of a document. */
  sign: (bytes: Buffer) => Promise<string>
  deadlineMs?: number
  stepMs?: number
  resolve?: Resolve
}

type Visit<T> =
  | { ok: true; value: T; socket: Pick<Socket, 'remoteAddress' | 'remotePort'> }
  | { ok: false; failed: Omit<Outcome, 'latencyMs'> }

const SAID: Record<DropResult, string> = {
  written: 'written',
  found: 'found as an earlier try had written it',
  acknowledged: 'found acknowledged',
}

/** Writes each message as files into a folder of the partner's SFTP server, whose host key is pinned. Each attempt opens one connection. */
export class SftpSender implements ChannelSender<'sftp'> {
  constructor(private readonly options: SftpSenderOptions) {}

  async send(attempt: Attempt<SftpChannel>, signal: AbortSignal): Promise<Outcome> {
    const startedAt = performance.now()
    const files = await messageFiles(attempt, this.options.sign).catch(() => undefined)
    if (files === undefined) return { kind: 'refused', latencyMs: 0, detail: 'the message cannot be made into files' }
    const visit = await this.visit(attempt, signal, (folder) => dropFiles(folder, files, randomBytes(6).toString('hex')))
    const latencyMs = Math.round(performance.now() - startedAt)
    if (!visit.ok) return { ...visit.failed, latencyMs }
    const host = pinHost(attempt.channel.hostKey)!.fingerprint
    const detail = `${documentName(attempt)} ${SAID[visit.value]} at ${addressOf(visit.socket)}, host key ${host}`
    return { kind: 'delivered', latencyMs, address: visit.socket.remoteAddress, detail }
  }

  async acknowledgements(place: AckSource<SftpChannel>, messages: readonly SentMessage[], signal: AbortSignal): Promise<AckResult> {
    const visit = await this.visit(place, signal, async (folder) => {
      const acks = new Map<string, string>()
      for (const { id, policy, version } of messages.slice(0, MAX_ACKS)) {
        const name = ackName(documentName({ id, content: { policy, version } }))
        const size = await folder.sizeOf(name)
        if (size !== undefined) acks.set(id, (await folder.read(name, Math.min(size, MAX_ACK_BYTES))).toString())
      }
      return acks
    })
    return visit.ok ? { ok: true, acks: visit.value } : { ok: false, detail: visit.failed.detail ?? 'the server could not be asked' }
  }

  refusal({ key }: SftpChannel): ChannelRefusal | undefined {
    const detail = userKeyRefusal(key)
    return detail === undefined ? undefined : { code: 'HMS_PARTNER_INVALID', detail }
  }

  private async visit<T>(place: AckSource<SftpChannel>, signal: AbortSignal, use: (folder: RemoteFolder) => Promise<T>): Promise<Visit<T>> {
    const { channel, networks } = place
    const { deployment, deadlineMs = DEADLINE_MS, stepMs = STEP_MS, resolve } = this.options
    const { user, key, dir } = channel
    const host = pinHost(channel.hostKey)
    if (host === undefined) return refused('the registered host key cannot be read')
    const address = checkPartnerHost(channel.host, channel.port, networks, deployment)
    if (!address.ok) return refused(address.detail) // guard: sftp-address

    const lookup = guardedLookup(networks, deployment, { onlyNetworks: address.onlyNetworks, resolve })
    const deadline = new Deadline(deadlineMs, signal)
    let socket: Socket | undefined
    let session: SftpSession | undefined
    try {
      socket = await connectGuarded(address.host, channel.port, lookup, stepMs, deadline.signal)
      const { remoteAddress, remotePort } = socket
      session = await SftpSession.open(socket, { user, key, host, dir, stepMs })
      return { ok: true, value: await use(session), socket: { remoteAddress, remotePort } }
    } catch (error) {
      return { ok: false, failed: describeFailure(error, signal.aborted, deadline.passed) }
    } finally {
      deadline.clear()
      session?.end()
      if (session === undefined) socket?.destroy()
    }
  }
}

function addressOf({ remoteAddress = '', remotePort = 0 }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}

function refused(detail: string): { ok: false; failed: Omit<Outcome, 'latencyMs'> } {
  return { ok: false, failed: { kind: 'refused', detail } }
}

/** Maps a failure: `refused` for a forbidden address or another host key, else `retry`. No SFTP status means `gone`, unlike HTTP 410. */
function describeFailure(error: unknown, stopped: boolean, late: boolean): Omit<Outcome, 'latencyMs'> {
  const { code, message } = error as Partial<NodeJS.ErrnoException>
  if (code === ADDRESS_REFUSED) return { kind: 'refused', detail: message }
  const reason = error instanceof SftpFailure ? error.reason : undefined
  if (reason === 'untrusted') return { kind: 'refused', detail: message }
  if (late || code === 'ETIMEDOUT') return { kind: 'retry', timedOut: true, detail: 'no answer in time' }
  if (stopped) return { kind: 'retry', detail: 'stopped before the file was there' }
  if (reason === 'late') return { kind: 'retry', timedOut: true, detail: message }
  return { kind: 'retry', detail: reason === undefined && code !== undefined ? `${code}: ${message}` : (message ?? String(error)) }
}

/** Connects to an address checked by `lookup`. `host`: from `checkPartnerHost`, because Node does not look up an IP literal. */
function connectGuarded(host: string, port: number, lookup: LookupFunction, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup, signal })
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })), timeoutMs)
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(error)
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}
