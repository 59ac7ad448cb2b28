import { isOptionalText, isText } from '#libs/platform'
import { isPlainText, readingProblem, type BotAlert, type JsonObject } from '#libs/contracts'
import { IsObject, IsOptional, MinLength, ValidateBy, type ValidationArguments } from 'class-validator'

const MAX_VALUE = 1_000

const IsPlainText = (): PropertyDecorator =>
  ValidateBy({
    name: 'isPlainText',
    validator: {
      validate: (text) => typeof text !== 'string' || isPlainText(text),
      defaultMessage: ({ property }: ValidationArguments) => `${property} must hold no NUL and no half of a surrogate pair`,
    },
  })

const IsReading = (): PropertyDecorator =>
  ValidateBy({
    name: 'isReading',
    validator: {
      validate: (reading) => typeof reading !== 'object' || readingProblem(reading as JsonObject | null) === undefined,
      defaultMessage: ({ value }: ValidationArguments) => readingProblem(value as JsonObject)!,
    },
  })

const IsValue = (): PropertyDecorator =>
  ValidateBy({
    name: 'isValue',
    validator: {
      validate: (value) => (typeof value === 'string' ? value.length <= MAX_VALUE && isPlainText(value) : isExact(value)),
      defaultMessage: () => `value must be a number that JSON can tell exactly, or a text of at most ${MAX_VALUE} characters without NUL`,
    },
  })

function isExact(value: unknown): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
}

export class AlertDto implements BotAlert {
  @MinLength(1) @isText(200) @IsPlainText() id!: string
  @MinLength(1) @isText(200) @IsPlainText() bot!: string
  @isText(64) @IsPlainText() region!: string
  @MinLength(1) @isText(100) @IsPlainText() kind!: string
  @IsOptional() @IsObject() @IsReading() reading: JsonObject | null = null
  @IsOptional() @IsValue() value: number | string | null = null
  @isOptionalText(100) @IsPlainText() policy?: string
  @isOptionalText(200) @IsPlainText() version?: string
}
