import { MAX_ID, type JsonObject } from '#libs/contracts'
import { IsObject, Matches, MaxLength } from 'class-validator'

export class SchemaRegistrationDto {
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'name must be lower-case letters, digits and single hyphens' })
  @MaxLength(MAX_ID)
  name!: string

  @IsObject() schema!: JsonObject
}
