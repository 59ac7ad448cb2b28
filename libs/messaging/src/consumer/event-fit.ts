import { EVENT_TYPES, type EventType, isEventType, type ReceivedEvent, type VerifiedEvent } from '#libs/contracts'
import { docsDocument, TerminalError } from '#libs/platform'
import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { NEWER_WORD } from '../dead-letters/newer-build.js'

const SCHEMA_ID = 'hms-events'
/** Schemas of event data by type, with the schemas they reference; `npm run schemas` generates them from the types. */
const { schemas } = docsDocument<{ components: { schemas: Record<string, object> } }>('asyncapi.json').components
const validatorOf = validators({})
/** Reports all validation errors with their values; used only for data that already failed. */
const wholeValidatorOf = validators({ allErrors: true, verbose: true })

/**
 * Throws `TerminalError` when the data of an event do not match the schema of its type; the event becomes a dead letter whose detail
 * contains the JSON pointer of the error. The code is `HMS_EVENT_WORD_UNKNOWN` if unknown values of closed lists are the only errors: a
 * newer build sent the event.
 */
export function requireFit<T extends EventType>(event: VerifiedEvent, type: T): asserts event is ReceivedEvent<T> {
  const fits = validatorOf(type)
  if (fits(event.data)) return
  const word = unknownWordIn(event, type)
  if (word !== undefined) {
    const detail = `${type} says ${JSON.stringify(word.data)} at ${pointerOf(word)}, a word that this build does not know`
    throw new TerminalError(NEWER_WORD, detail)
  }
  const [error] = fits.errors ?? []
  throw new TerminalError('HMS_EVENT_SHAPE', `the data of ${type} do not fit at ${pointerOf(error)}: ${error?.message ?? 'unknown'}`)
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
    let fits = compiled.get(type)
    if (fits === undefined) compiled.set(type, (fits = ajv.compile({ $ref: `${SCHEMA_ID}#/components/schemas/${type}` })))
    return fits
  }
}

/**
 * Returns the error of the first unknown value if the data have no other errors. The errors of other union branches at the same position do
 * not count.
 */
function unknownWordIn(event: VerifiedEvent, type: EventType): ErrorObject | undefined {
  const fits = wholeValidatorOf(type)
  fits(event.data)
  const errors = fits.errors ?? []
  const words = errors.filter(({ keyword, data }) => (keyword === 'enum' || keyword === 'const') && typeof data === 'string')
  const places = new Set(words.map(({ instancePath }) => instancePath))
  return errors.every(({ instancePath }) => places.has(instancePath)) ? words[0] : undefined
}

/** Returns the JSON pointer (RFC 6901) of an error; for a missing member, the pointer that the member should have. */
function pointerOf(error: ErrorObject | undefined): string {
  const missing = (error?.params as { missingProperty?: string } | undefined)?.missingProperty
  return `${error?.instancePath ?? ''}${missing === undefined ? '' : `/${missing}`}`
}

const NAMES = new Set(EVENT_TYPES.map(nameOf))

/**
 * Returns how this version treats an event type. `other-major`: a known name in another major version; the service needs the event's data,
 * so the event becomes a dead letter. `unknown`: a newer producer added the name for other consumers, so the event is ignored.
 */
export function compatibilityOf(type: string): 'known' | 'other-major' | 'unknown' {
  if (isEventType(type)) return 'known'
  return NAMES.has(nameOf(type)) ? 'other-major' : 'unknown'
}

function nameOf(type: string): string {
  return type.replace(/\.v\d+$/, '')
}
