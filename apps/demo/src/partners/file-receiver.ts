import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import ssh2, { type AuthContext, type Connection } from 'ssh2'
import type { Receipt } from './receipt.js'
import { serveFolder } from './serve-folder.js'

const FOLDER = '/inbox'

interface SftpChannel {
  sftp: { host: string; port: number; user: string; hostKey: string; dir: string; key: string }
}

/** ssh2 cuts leading zeros off ed25519 keys, so that nobody can read one of 256. */
const makeKeys = (): ReturnType<typeof ssh2.utils.generateKeyPairSync> => ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })

/** An SFTP server of the demo on loopback, with a folder in memory for each partner, which signs in with the key that was made for it. */
export class FileReceiver {
  private readonly hostKeys = makeKeys()
  private readonly userKeys = new Map<string, string>()
  private readonly folders = new Map<string, Map<string, Buffer>>()
  private readonly connections = new Set<Connection>()
  private readonly server: InstanceType<typeof ssh2.Server>

  constructor(private readonly onReceipt: (receipt: Receipt) => void) {
    this.server = new ssh2.Server({ hostKeys: [this.hostKeys.private] }, (connection) => this.accept(connection))
  }

  start(): Promise<void> {
    return new Promise((resolve) => void this.server.listen(0, '127.0.0.1', resolve))
  }

  /** How the partner is registered. */
  channelOf(partner: string): SftpChannel {
    const keys = makeKeys()
    this.userKeys.set(partner, keys.public)
    this.folders.set(partner, new Map())
    const { port } = this.server.address() as AddressInfo
    return { sftp: { host: '127.0.0.1', port, user: partner, hostKey: this.hostKeys.public, dir: FOLDER, key: keys.private } }
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.end()
    await new Promise<void>((resolve) => void this.server.close(() => resolve()))
  }

  private accept(connection: Connection): void {
    let partner = ''
    this.connections.add(connection)
    connection.on('error', () => undefined)
    connection.on('close', () => this.connections.delete(connection))
    connection.on('authentication', (context) => {
      partner = context.username
      if (this.isOwnKey(context)) context.accept()
      else context.reject(['publickey'])
    })
    connection.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => {
        const files = this.folders.get(partner)!
        serveFolder(acceptSftp(), files, (path) => this.look(partner, files, path))
      })
    })
  }

  private isOwnKey(context: AuthContext): boolean {
    const line = this.userKeys.get(context.username)
    if (line === undefined || context.method !== 'publickey') return false
    const key = [ssh2.utils.parseKey(line)].flat()[0]
    if (key === undefined || key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false
    // A client asks first whether the key would do, and signs then.
    if (context.signature === undefined || context.blob === undefined) return true
    return key.verify(context.blob, context.signature, context.hashAlgo) === true
  }

  /** As programs of partners do: whatever has a name is complete; the document comes behind its sum. */
  private look(partner: string, files: ReadonlyMap<string, Buffer>, path: string): void {
    const sum = files.get(`${path}.sha256`)?.toString().split(' ')[0]
    if (sum !== createHash('sha256').update(files.get(path)!).digest('hex')) return
    this.onReceipt({ partner, what: `a file, ${path.slice(FOLDER.length + 1)}`, proof: 'its sum is right' })
  }
}
