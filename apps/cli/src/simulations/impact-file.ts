import { writeFile } from 'node:fs/promises'
import type { ImpactPage } from '#libs/impact'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'

/** Writes the impact page to a file. `undefined`: there was nothing to replay; that is printed, and nothing is written. */
export async function writeImpactPage({ output }: CliContext, file: string, page: ImpactPage | undefined): Promise<void> {
  if (page === undefined) return output.note(`${file} was not written: there is no report to show yet.`)
  const { impactPage } = await import('#libs/impact')
  try {
    await writeFile(file, impactPage(page))
  } catch (error) {
    throw usageError(`${file} cannot be written: ${(error as Error).message}`)
  }
  output.note(`Impact written to ${file}; it opens in any browser, without the network.`)
}
