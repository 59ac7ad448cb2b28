import { sign, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, rawPublicKey, sshKeyBlob, sshString } from '#libs/signing'
import { SshReader, sshUint32 } from '../keys/ssh-agent.js'

interface HeldKey {
  comment: string
  privateKey: KeyObject
  blob: Buffer
}

/** Configurable ssh-agent for tests. */
export class FakeAgent {
  readonly keys: HeldKey[] = []
  /** Replaces the agent's response; the function returns `undefined` to send none. */
  instead: ((type: number, connection: Socket) => Buffer | undefined) | undefined

  private constructor(
    readonly socket: string,
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  static async start(): Promise<FakeAgent> {
    const folder = mkdtempSync(join(tmpdir(), 'hms-agent-'))
    const server = createServer()
    const agent = new FakeAgent(join(folder, 'agent.sock'), server, folder)
    server.on('connection', (connection) => {
      connection.on('error', () => {})
      connection.on('data', (frame: Buffer) => agent.answer(frame, connection))
    })
    await new Promise<void>((resolve) => server.listen(agent.socket, resolve))
    return agent
  }

  add(comment: string): HeldKey & { keyid: string; spki: string } {
    const { privateKey, publicKey, keyid, spki } = generateKeyPair()
    const key = { comment, privateKey, blob: Buffer.from(sshKeyBlob(rawPublicKey(publicKey))) }
    this.keys.push(key)
    return { ...key, keyid, spki }
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve))
    rmSync(this.folder, { recursive: true, force: true })
  }

  static frame(type: number, ...parts: Uint8Array[]): Buffer {
    const body = Buffer.concat(parts)
    return Buffer.concat([sshUint32(body.length + 1), Buffer.of(type), body])
  }

  private answer(frame: Buffer, connection: Socket): void {
    const type = frame.readUInt8(4)
    if (this.instead !== undefined) {
      const instead = this.instead(type, connection)
      if (instead !== undefined) connection.write(instead)
      return
    }
    connection.write(type === 11 ? this.identities() : this.signature(frame.subarray(5)))
  }

  private identities(): Buffer {
    // Identity with an RSA key, which clients must skip.
    const rsa = [
      sshString(Buffer.concat([sshString(Buffer.from('ssh-rsa')), sshString(Buffer.of(1, 0, 1))])),
      sshString(Buffer.from('login')),
    ]
    const mine = this.keys.flatMap(({ blob, comment }) => [sshString(blob), sshString(Buffer.from(comment))])
    return FakeAgent.frame(12, sshUint32(this.keys.length + 1), ...rsa, ...mine)
  }

  private signature(body: Buffer): Buffer {
    const reader = new SshReader(body)
    const [blob, bytes] = [reader.string(), reader.string()]
    const key = this.keys.find((each) => each.blob.equals(blob))
    if (key === undefined) return FakeAgent.frame(5)
    return FakeAgent.frame(
      14,
      sshString(Buffer.concat([sshString(Buffer.from('ssh-ed25519')), sshString(sign(null, bytes, key.privateKey))])),
    )
  }
}
