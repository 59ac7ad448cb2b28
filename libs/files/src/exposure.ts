import { HmsError } from '#libs/contracts'

/** Permission bits and owner of a file that was opened. */
export interface Access {
  mode: number
  uid: number
}

/**
 * Returns which users besides its owner can access a file with a secret. A group with read access only is assumed intended if another user
 * owns the file: Kubernetes passes secrets to a non-root process that way. `undefined` if no other user can, and on Windows, which has no
 * such bits.
 */
export function exposedTo({ mode, uid }: Access, ownUid = process.getuid?.()): string | undefined {
  if (ownUid === undefined) return undefined
  if ((mode & 0o007) !== 0) return 'everybody on this machine'
  if ((mode & 0o020) !== 0 || ((mode & 0o040) !== 0 && uid === ownUid)) return 'its group'
  return undefined
}

/** Refuses a private key that other users can read or replace, as ssh does: 403 `HMS_KEY_EXPOSED`. */
export function requirePrivate(path: string, access: Access): void {
  const others = exposedTo(access)
  if (others === undefined) return
  const mode = access.mode.toString(8).padStart(4, '0')
  throw new HmsError(
    'HMS_KEY_EXPOSED',
    `${path} is open to ${others} (mode ${mode}), and its key signs in a person's name; close it, and replace it where ` +
      `others may have read it`,
    {
      status: 403,
      next: [`chmod 600 ${path}`],
    },
  )
}
