import { EVENT_TYPES, type EventType, isEventType, type ReceivedEvent, type VerifiedEvent } from '#libs/contracts'
import { docsDocument, TerminalError } from '#libs/platform'
import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { NEWER_VALUE } from '../dead-letters/newer-build.js'

const SCHEMA_ID = 'hms-events'
/** Schemas of event data by type, with the schemas they reference; `npm run schemas` generates them from the types. */
const { schemas } = docsDocument<{ components: { schemas: Record<string, object> } }>('asyncapi.json').components
const validatorOf = validators({})
/** Reports all validation errors with their values; used only for data that already failed. */
const exhaustiveValidatorOf = validators({ allErrors: true, verbose: true })

/**
 * Throws `TerminalError` when an event's data do not match the schema of its type; the dead letter's detail contains the JSON pointer of
 * the error. The code is `HMS_EVENT_WORD_UNKNOWN` if all errors are unknown values of closed lists: a newer build sent the event.
 */
export function requireValidData<T extends EventType>(event: VerifiedEvent, type: T): asserts event is ReceivedEvent<T> {
  const validate = validatorOf(type)
  if (validate(event.data)) return
  const unknown = unknownValueIn(event, type)
  if (unknown !== undefined) {
    const detail = `${type} has the value ${JSON.stringify(unknown.data)} at ${pointerOf(unknown)}, which this build does not know`
    throw new TerminalError(NEWER_VALUE, detail)
  }
  const [error] = validate.errors ?? []
  throw new TerminalError(
    'HMS_EVENT_SHAPE',
    `the data of ${type} do not match its schema at ${pointerOf(error)}: ${error?.message ?? 'unknown'}`,
  )
}

/** Returns validators compiled on first use: a service handles only a few of the types. */
function validators(options: Options): (type: EventType) => ValidateFunction {
  // A test validates the schemas, so they are not validated at start.
  const ajv = new Ajv2020({
    validateSchema: false,
    allowUnionTypes: true,
    schemas: [{ $id: SCHEMA_ID, components: { schemas } }],
    keywords: ['components'],
    ...options,
  })
  const compiled = new Map<EventType, ValidateFunction>()
  return (type) => {
    let validate = compiled.get(type)
    if (validate === undefined) compiled.set(type, (validate = ajv.compile({ $ref: `${SCHEMA_ID}#/components/schemas/${type}` })))
    return validate
  }
}

/** Returns the first unknown value if there are no other errors; errors of other union branches at its position do not count. */
function unknownValueIn(event: VerifiedEvent, type: EventType): ErrorObject | undefined {
  const validate = exhaustiveValidatorOf(type)
  validate(event.data)
  const errors = validate.errors ?? []
  const unknownValues = errors.filter(({ keyword, data }) => (keyword === 'enum' || keyword === 'const') && typeof data === 'string')
  const pointers = new Set(unknownValues.map(({ instancePath }) => instancePath))
  return errors.every(({ instancePath }) => pointers.has(instancePath)) ? unknownValues[0] : undefined
}

/** Returns the JSON pointer (RFC 6901) of an error; for a missing member, the pointer that the member should have. */
function pointerOf(error: ErrorObject | undefined): string {
  const missing = (error?.params as { missingProperty?: string } | undefined)?.missingProperty
  return `${error?.instancePath ?? ''}${missing === undefined ? '' : `/${missing}`}`
}

const NAMES_WITHOUT_VERSION = new Set(EVENT_TYPES.map(withoutVersion))

/** Returns how a type is treated. `other-major`: another version of a known type, dead-lettered. `unknown`: a new type, ignored. */
export function compatibilityOf(type: string): 'known' | 'other-major' | 'unknown' {
  if (isEventType(type)) return 'known'
  return NAMES_WITHOUT_VERSION.has(withoutVersion(type)) ? 'other-major' : 'unknown'
}

function withoutVersion(type: string): string {
  return type.replace(/\.v\d+$/, '')
}
