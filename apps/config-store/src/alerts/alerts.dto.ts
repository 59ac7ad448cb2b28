import type { BotAlert, JsonObject } from '#libs/contracts'
import { IsObject, IsOptional, IsString, MaxLength, MinLength, ValidateIf } from 'class-validator'

export class AlertDto implements BotAlert {
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  id!: string

  @IsString()
  @MinLength(1)
  @MaxLength(200)
  bot!: string

  @IsString()
  @MaxLength(64)
  region!: string

  @IsString()
  @MinLength(1)
  @MaxLength(100)
  kind!: string

  @IsOptional()
  @IsObject()
  reading: JsonObject | null = null

  @IsOptional()
  @ValidateIf((_alert, value) => typeof value !== 'number')
  @IsString({ message: 'value must be a number or a string' })
  value: number | string | null = null

  @IsOptional()
  @IsString()
  @MaxLength(100)
  policy?: string

  @IsOptional()
  @IsString()
  @MaxLength(200)
  version?: string
}
