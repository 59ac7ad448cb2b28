import { EVENT_SCHEMAS, type EventType, type ReceivedEvent, type VerifiedEvent } from '#libs/contracts'
import { TerminalError } from '#libs/platform'
import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { NEWER_WORD } from '../dead-letters/newer-build.js'

const SCHEMA_ID = 'hms-events'
const validatorOf = validators({})
/** Says all that is wrong, with the values; asked only of what does not fit. */
const wholeValidatorOf = validators({ allErrors: true, verbose: true })

/**
 * Throws `TerminalError` when the data of an event do not have the shape of its type: then it is a dead letter, which says where. Of a
 * newer build when all that does not fit are words that this one does not know.
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

/** Compiled at first use: a service handles a few of the types. */
function validators(options: Options): (type: EventType) => ValidateFunction {
  // That the schemas are schemas is for a test to say, not for every start.
  const ajv = new Ajv2020({
    validateSchema: false,
    allowUnionTypes: true,
    schemas: [{ $id: SCHEMA_ID, $defs: { ...EVENT_SCHEMAS.types, ...EVENT_SCHEMAS.$defs } }],
    ...options,
  })
  const compiled = new Map<EventType, ValidateFunction>()
  return (type) => {
    let fits = compiled.get(type)
    if (fits === undefined) compiled.set(type, (fits = ajv.compile({ $ref: `${SCHEMA_ID}#/$defs/${type}` })))
    return fits
  }
}

/** The first of them where nothing else is wrong: the other branches of a union at its place fail too. */
function unknownWordIn(event: VerifiedEvent, type: EventType): ErrorObject | undefined {
  const fits = wholeValidatorOf(type)
  fits(event.data)
  const errors = fits.errors ?? []
  const words = errors.filter(({ keyword, data }) => (keyword === 'enum' || keyword === 'const') && typeof data === 'string')
  const places = new Set(words.map(({ instancePath }) => instancePath))
  return errors.every(({ instancePath }) => places.has(instancePath)) ? words[0] : undefined
}

/** JSON pointer (RFC 6901) of what is wrong; of a member that is missing, where it should be. */
function pointerOf(error: ErrorObject | undefined): string {
  const missing = (error?.params as { missingProperty?: string } | undefined)?.missingProperty
  return `${error?.instancePath ?? ''}${missing === undefined ? '' : `/${missing}`}`
}
