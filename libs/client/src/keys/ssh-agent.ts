import { createConnection } from 'node:net'
import { verify } from 'node:crypto'
import { keyIdOf, publicKeyFromRaw, spkiOf, sshKeyBlob, sshString, type Signer } from '#libs/signing'
import { KeyError } from './key-error.js'

const REQUEST_IDENTITIES = 11
const IDENTITIES_ANSWER = 12
const SIGN_REQUEST = 13
const SIGN_RESPONSE = 14

const ED25519 = 'ssh-ed25519'
/** Limits of OpenSSH. */
const MAX_FRAME_BYTES = 256 * 1024
const MAX_IDENTITIES = 2048
const LIST_MS = 5_000
/** Timeout in ms of a signature, long because a person confirms each use of a key added with `ssh-add -c`. */
const SIGN_MS = 60_000

export interface AgentKey {
  keyid: string
  /** SPKI, DER in base64. */
  spki: string
  comment: string
}

/** Client of ssh-agent (draft-ietf-sshm-ssh-agent), which signs bytes unchanged, as DSSE requires. Throws `HMS_KEY_AGENT_…`. */
export class SshAgent {
  /** `socket`: path of the agent's socket, from `SSH_AUTH_SOCK`; `undefined` if there is none. */
  constructor(
    private readonly socket: string | undefined,
    private readonly deadlines = { listMs: LIST_MS, signMs: SIGN_MS },
  ) {}

  /** Lists the agent's Ed25519 keys; a locked agent shows none. */
  async list(): Promise<AgentKey[]> {
    const { type, body } = await this.request(REQUEST_IDENTITIES, Buffer.alloc(0), this.deadlines.listMs)
    if (type !== IDENTITIES_ANSWER) throw refusal(`the ssh-agent did not return its keys, but a message of type ${type}`)
    return this.read(body, (reader) => {
      const count = reader.uint32()
      if (count > MAX_IDENTITIES) throw new RangeError(`${count} keys`)
      return Array.from({ length: count }, () => keyOf(reader.string(), reader.string())).filter((key) => key !== undefined)
    })
  }

  /** Returns the signer of a key of the agent. Throws `HMS_KEY_AGENT_LACKS` if the agent does not have the key. */
  async signer(keyid: string): Promise<Signer> {
    const key = (await this.list()).find((each) => each.keyid === keyid)
    if (key === undefined) {
      const detail = `the ssh-agent does not hold the key ${keyid}, or is locked`
      throw new KeyError('HMS_KEY_AGENT_LACKS', detail, ['ssh-add -l -E sha256', 'ssh-add FILE', 'ssh-add -X'])
    }
    return { keyid, sign: (bytes) => this.sign(key, bytes) }
  }

  private async sign({ spki }: AgentKey, bytes: Uint8Array): Promise<Uint8Array> {
    const raw = Buffer.from(spki, 'base64').subarray(-32)
    const request = Buffer.concat([sshString(sshKeyBlob(raw)), sshString(bytes), sshUint32(0)])
    const { type, body } = await this.request(SIGN_REQUEST, request, this.deadlines.signMs)
    if (type !== SIGN_RESPONSE) throw refusal('the ssh-agent refused to sign: it is locked, or the use was not confirmed')
    const sig = this.read(body, (reader) => {
      const signature = new SshReader(reader.string())
      if (signature.string().toString() !== ED25519) throw new RangeError('a signature of another type')
      return signature.string()
    })
    // Checked here, so that an invalid signature is not sent to the service.
    if (!verify(null, bytes, publicKeyFromRaw(raw), sig)) throw refusal('the signature of the ssh-agent does not verify')
    return sig
  }

  private read<T>(body: Buffer, read: (reader: SshReader) => T): T {
    try {
      return read(new SshReader(body))
    } catch (error) {
      if (error instanceof RangeError) throw refusal(`the ssh-agent's response is malformed: ${error.message}`)
      throw error
    }
  }

  /** Sends one request on a connection of its own, so a hanging request blocks no other. */
  private request(type: number, body: Buffer, timeoutMs: number): Promise<{ type: number; body: Buffer }> {
    const { socket } = this
    if (socket === undefined) return Promise.reject(unreachable('SSH_AUTH_SOCK is not set: no ssh-agent is known here'))
    return new Promise((resolve, reject) => {
      const connection = createConnection(socket)
      const fail = (detail: string): void => {
        connection.destroy()
        clearTimeout(late)
        reject(unreachable(detail))
      }
      const late = setTimeout(() => fail(`the ssh-agent at ${socket} did not answer within ${timeoutMs / 1_000} s`), timeoutMs)
      let received = Buffer.alloc(0)
      connection.on('error', (error) =>
        fail(`the ssh-agent at ${socket} is not there (${(error as NodeJS.ErrnoException).code ?? error.message})`),
      )
      connection.on('close', () => fail(`the ssh-agent at ${socket} hung up`))
      connection.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk])
        if (received.length < 5) return
        const length = received.readUInt32BE()
        if (length === 0 || length > MAX_FRAME_BYTES) return fail(`the ssh-agent at ${socket} sent a frame of ${length} bytes`)
        if (received.length < 4 + length) return
        clearTimeout(late)
        resolve({ type: received.readUInt8(4), body: received.subarray(5, 4 + length) })
        connection.destroy()
      })
      connection.write(Buffer.concat([sshUint32(body.length + 1), Buffer.of(type), body]))
    })
  }
}

function keyOf(blob: Buffer, comment: Buffer): AgentKey | undefined {
  const reader = new SshReader(blob)
  if (reader.string().toString() !== ED25519) return undefined
  const raw = reader.string()
  if (raw.length !== 32) throw new RangeError('an Ed25519 key of another length')
  return { keyid: keyIdOf(raw), spki: spkiOf(publicKeyFromRaw(raw)), comment: comment.toString('utf8') }
}

function unreachable(detail: string): KeyError {
  return new KeyError('HMS_KEY_AGENT_UNREACHABLE', detail, ['eval "$(ssh-agent)"', 'ssh-add -l'])
}

function refusal(detail: string): KeyError {
  return new KeyError('HMS_KEY_AGENT_REFUSED', detail, ['ssh-add -X', 'ssh-add -l -E sha256'])
}

export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Reads RFC 4251 fields in sequence; throws `RangeError` at a premature end. */
export class SshReader {
  private at = 0

  constructor(private readonly bytes: Buffer) {}

  uint32(): number {
    const value = this.bytes.readUInt32BE(this.at)
    this.at += 4
    return value
  }

  string(): Buffer {
    const length = this.uint32()
    const end = this.at + length
    if (end > this.bytes.length) throw new RangeError('a field is longer than its frame')
    const value = this.bytes.subarray(this.at, end)
    this.at = end
    return value
  }
}
