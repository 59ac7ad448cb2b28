import { join } from 'node:path'
import { expect } from 'vitest'
import { ROOT } from '../../architecture/root.js'

/**
 * Compares with a file of the repository, byte by byte: a removed, added or changed route, field or requirement is red until a developer
 * has regenerated the file and seen the difference.
 */
export async function expectGolden(text: string, path: string, command = 'npm run schemas'): Promise<void> {
  const said = `${path} is not what the code says. If the change is meant, run \`${command}\` and read the diff for what breaks others`
  await expect(text, said).toMatchFileSnapshot(join(ROOT, path))
}
