import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import ssh2, { type AuthContext, type Connection, type SFTPWrapper } from 'ssh2'
import type { Receipt } from './receipt.js'

const FOLDER = '/inbox'

/** ssh2 cuts leading zeros off ed25519 keys, so that one of 256 cannot be read. */
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

  channelOf(partner: string): { sftp: { host: string; port: number; user: string; hostKey: string; dir: string; key: string } } {
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
    // A client offers the key first without a signature, and signs once the key is accepted.
    if (context.signature === undefined || context.blob === undefined) return true
    return key.verify(context.blob, context.signature, context.hashAlgo) === true
  }

  /** Reports a document whose sum is right. A file is complete once it has its final name, and its sum gets a name before it. */
  private look(partner: string, files: ReadonlyMap<string, Buffer>, path: string): void {
    const sum = files.get(`${path}.sha256`)?.toString().split(' ')[0]
    if (sum !== createHash('sha256').update(files.get(path)!).digest('hex')) return
    this.onReceipt({ partner, what: `a file, ${path.slice(FOLDER.length + 1)}`, proof: 'its sum is right' })
  }
}

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp
const MAX_FILE_BYTES = 1024 * 1024
const MAX_FILES = 1_000

interface Handle {
  path: string
  /** For a folder: whether its listing was sent. */
  isListed: boolean
}

/**
 * Serves version 3 of the protocol (draft-ietf-secsh-filexfer-02) over files in memory, as far as dropping files needs it. `onNamed`:
 * called with the path that a file got by a rename.
 */
function serveFolder(sftp: SFTPWrapper, files: Map<string, Buffer>, onNamed: (path: string) => void): void {
  const handles = new Map<string, Handle>()
  let opened = 0
  const open = (id: number, path: string): void => {
    const name = String(opened++)
    handles.set(name, { path, isListed: false })
    sftp.handle(id, Buffer.from(name))
  }
  const attributes = (size: number) => ({ mode: 0o100644, uid: 0, gid: 0, size, atime: 0, mtime: 0 })
  const handleOf = (handle: Buffer): Handle | undefined => handles.get(handle.toString())

  sftp.on('OPEN', (id, path, flags) => {
    const isThere = files.has(path)
    const creates = (flags & OPEN_MODE.CREAT) !== 0
    if (!creates && !isThere) return sftp.status(id, STATUS_CODE.NO_SUCH_FILE)
    if (creates && (isThere || files.size >= MAX_FILES)) return sftp.status(id, STATUS_CODE.FAILURE)
    if (creates) files.set(path, Buffer.alloc(0))
    open(id, path)
  })
  sftp.on('WRITE', (id, handle, offset, data) => {
    const { path = '' } = handleOf(handle) ?? {}
    const bytes = files.get(path)
    // Clients write a new file in order, so any other offset is refused.
    if (bytes === undefined || offset !== bytes.length || offset + data.length > MAX_FILE_BYTES) return sftp.status(id, STATUS_CODE.FAILURE)
    files.set(path, Buffer.concat([bytes, data]))
    sftp.status(id, STATUS_CODE.OK)
  })
  sftp.on('READ', (id, handle, offset, length) => {
    const data = files.get(handleOf(handle)?.path ?? '')?.subarray(offset, offset + length)
    if (data === undefined || data.length === 0) sftp.status(id, STATUS_CODE.EOF)
    else sftp.data(id, data)
  })
  sftp.on('CLOSE', (id, handle) => {
    sftp.status(id, handles.delete(handle.toString()) ? STATUS_CODE.OK : STATUS_CODE.FAILURE)
  })
  sftp.on('STAT', (id, path) => {
    const bytes = files.get(path)
    if (bytes === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE)
    else sftp.attrs(id, attributes(bytes.length))
  })
  sftp.on('OPENDIR', open)
  sftp.on('READDIR', (id, handle) => {
    const state = handleOf(handle)
    if (state === undefined || state.isListed || files.size === 0) return sftp.status(id, STATUS_CODE.EOF)
    state.isListed = true
    const names = [...files.keys()].map((path) => path.slice(path.lastIndexOf('/') + 1))
    sftp.name(
      id,
      names.map((filename) => ({ filename, longname: filename, attrs: attributes(0) })),
    )
  })
  sftp.on('RENAME', (id, from, to) => {
    const bytes = files.get(from)
    if (bytes === undefined || files.has(to)) return sftp.status(id, STATUS_CODE.FAILURE)
    files.delete(from)
    files.set(to, bytes)
    onNamed(to)
    sftp.status(id, STATUS_CODE.OK)
  })
  sftp.on('REMOVE', (id, path) => sftp.status(id, files.delete(path) ? STATUS_CODE.OK : STATUS_CODE.NO_SUCH_FILE))
}
