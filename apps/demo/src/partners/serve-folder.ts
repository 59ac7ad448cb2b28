import ssh2, { type SFTPWrapper } from 'ssh2'

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp
const MAX_FILE_BYTES = 1024 * 1024
const MAX_FILES = 1_000

interface Handle {
  path: string
  /** Of a listing: it was sent. */
  isListed: boolean
}

/**
 * Version 3 of the protocol (draft-ietf-secsh-filexfer-02) over files in memory, as far as dropping files needs it.
 *
 * @param onNamed a file got this path by a rename
 */
export function serveFolder(sftp: SFTPWrapper, files: Map<string, Buffer>, onNamed: (path: string) => void): void {
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
    // In order, as clients write a new file.
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
