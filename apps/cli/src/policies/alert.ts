import { randomUUID } from 'node:crypto'
import { isObject, type AlertRequest, type Json, type JsonObject } from '#libs/contracts'
import { inexactNumber, isExact } from '#libs/policy'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { parsePolicyRef } from '../flags.js'
import type { ALERT, FlagsOf } from '../verbs/options.js'

type AlertOptions = FlagsOf<typeof ALERT>

export async function reportAlert(context: CliContext, options: AlertOptions): Promise<void> {
  const receipt = await context.post('/v1/alerts', alertOf(options))
  context.output.result(receipt, [`Alert ${receipt.id} reported`])
}

const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/

/** Builds the alert. A numeric value becomes a number, because canary rules compare it. */
function alertOf(options: AlertOptions): AlertRequest {
  const number = options.value.trim() === '' ? Number.NaN : Number(options.value)
  if (DECIMAL.test(options.value) && !isExact(options.value, number)) throw losesDigits('--value', options.value)
  const ref = options.policy === undefined ? undefined : parsePolicyRef(options.policy)
  return {
    id: randomUUID(),
    bot: options.bot,
    region: options.region,
    kind: options.kind,
    reading: options.reading === undefined ? null : parseReading(options.reading),
    value: Number.isFinite(number) ? number : options.value,
    ...(ref === undefined ? {} : { policy: ref.id, version: ref.version }),
  }
}

function parseReading(text: string): JsonObject {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    throw usageError(`--reading is not JSON: ${text}`)
  }
  if (!isObject(value)) throw usageError('--reading must be a JSON object')
  const inexact = inexactNumber(text)
  if (inexact !== undefined) throw losesDigits('--reading', inexact)
  return value
}

function losesDigits(flag: string, literal: string): Error {
  return usageError(`${flag}: ${literal} has more digits than a number holds; round it`)
}
