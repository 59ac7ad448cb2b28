import { it } from 'vitest'
import { cliReference } from '../support/documents/cli-reference.js'
import { expectGolden } from '../support/documents/golden-file.js'

it('docs/reference/cli.md says what the program says; `npm run schemas` writes it anew', async () => {
  await expectGolden(cliReference(), 'docs/reference/cli.md')
})
