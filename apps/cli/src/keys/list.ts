import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { keyFolderOf } from './key-folder.js'

export async function listKeys(context: CliContext): Promise<number> {
  const folder = keyFolderOf(context)
  context.output.list(
    await folder.list(),
    [
      { heading: 'NAME', cell: (key) => key.name },
      { heading: 'MADE', cell: (key) => key.createdAt },
      { heading: 'HELD BY', cell: (key) => (key.agent === true ? 'ssh-agent' : 'file') },
      { heading: 'KEY', cell: (key) => key.keyid },
    ],
    `No keys in ${folder.dir}. Make one: hms-svc keys create --name NAME`,
  )
  return EXIT.done
}
