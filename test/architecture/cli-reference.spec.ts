import { it } from 'vitest'
import { cliReference } from '../support/documents/cli-reference.js'
import { expectGolden } from '../support/documents/golden-file.js'

it('docs/reference/cli.md matches the help of the program; `npm run schemas` regenerates it', async () => {
  await expectGolden(cliReference(), 'docs/reference/cli.md')
})
