import { EVENT_SCHEMAS, type EventType, type ReceivedEvent, type VerifiedEvent } from '#libs/contracts'
import { TerminalError } from '#libs/platform'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

const SCHEMA_ID = 'hms-events'
// That the schemas are schemas is for a test to say, not for every start.
const ajv = new Ajv2020({
  validateSchema: false,
  allowUnionTypes: true,
  schemas: [{ $id: SCHEMA_ID, $defs: { ...EVENT_SCHEMAS.types, ...EVENT_SCHEMAS.$defs } }],
})
const compiled = new Map<EventType, ValidateFunction>()

/** Throws `TerminalError` when the data of an event do not have the shape of its type: then it is a dead letter, which says where. */
export function requireFit<T extends EventType>(event: VerifiedEvent, type: T): asserts event is ReceivedEvent<T> {
  const fits = validatorOf(type)
  if (fits(event.data)) return
  const [error] = fits.errors ?? []
  throw new TerminalError('HMS_EVENT_SHAPE', `the data of ${type} do not fit at ${pointerOf(error)}: ${error?.message ?? 'unknown'}`)
}

/** Compiled at first use: a service handles a few of the types. */
function validatorOf(type: EventType): ValidateFunction {
  let fits = compiled.get(type)
  if (fits === undefined) compiled.set(type, (fits = ajv.compile({ $ref: `${SCHEMA_ID}#/$defs/${type}` })))
  return fits
}

/** JSON pointer (RFC 6901) of what is wrong; of a member that is missing, where it should be. */
function pointerOf(error: ErrorObject | undefined): string {
  const missing = (error?.params as { missingProperty?: string } | undefined)?.missingProperty
  return `${error?.instancePath ?? ''}${missing === undefined ? '' : `/${missing}`}`
}
