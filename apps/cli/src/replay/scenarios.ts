import { EXIT, type ScenarioRegistration } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { readGivenText } from '../files.js'
import { registerDocument } from '../register-document.js'

export async function addScenario(context: CliContext, file: string): Promise<number> {
  const registration: ScenarioRegistration = { file, source: await readGivenText(file) }
  return registerDocument(context, registration, (client) => client.post('/v1/scenarios', registration), `Scenario of ${file} registered`)
}

export async function listScenarios(context: CliContext): Promise<number> {
  const client = await context.client()
  context.output.list(
    await client.get('/v1/scenarios'),
    [
      { heading: 'SCENARIO', cell: (scenario) => scenario.id },
      { heading: 'CORPUS', cell: (scenario) => scenario.corpus },
      { heading: 'POLICIES', cell: (scenario) => scenario.policies.join(', ') },
      { heading: 'ALERT', cell: (scenario) => scenario.alert },
    ],
    'No scenarios yet. Register one: hms-svc scenarios add FILE',
  )
  return EXIT.done
}
