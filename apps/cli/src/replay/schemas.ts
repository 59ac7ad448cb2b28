import { EXIT, type SchemaRegistration } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { registerDocument } from '../register-document.js'
import { readYamlMap } from '../yaml-file.js'

export async function addSchema(context: CliContext, file: string, options: { name: string }): Promise<number> {
  const registration: SchemaRegistration = { name: options.name, schema: await readYamlMap(file) }
  return registerDocument(context, registration, (client) => client.post('/v1/schemas', registration), `Schema ${options.name} registered`)
}

export async function listSchemas(context: CliContext): Promise<number> {
  const client = await context.client()
  context.output.list(
    await client.get('/v1/schemas'),
    [{ heading: 'SCHEMA', cell: (schema) => schema.name }],
    'No schemas yet. Register one: hms-svc schemas add FILE --name NAME',
  )
  return EXIT.done
}
