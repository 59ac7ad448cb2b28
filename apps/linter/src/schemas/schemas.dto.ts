import type { JsonObject } from '#libs/contracts'
import { IsObject, Matches } from 'class-validator'

export class SchemaRegistrationDto {
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'name must be lower-case letters, digits and single hyphens' })
  name!: string

  @IsObject() schema!: JsonObject
}
