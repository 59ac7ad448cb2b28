import { action, HmsError } from '#libs/contracts'
import { compileRuleSchema } from '#libs/lint'
import { Database } from '#libs/persistence'
import { RequireScope, LargeBody, Paged } from '#libs/service'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { SCHEMAS, type RegisteredSchema } from './schema.table.js'
import { SchemaRegistrationDto } from './schemas.dto.js'

/** Limits of a request body with a rule schema, which itself has at most 64 KiB and 32 levels. */
const SCHEMA_BODY = { bytes: 256 * 1024, parts: 50_000, depth: 40 }

@Controller('v1/schemas')
export class SchemasController {
  constructor(private readonly database: Database) {}

  /** Lists the registered JSON Schemas. */
  @Get()
  @RequireScope('schemas')
  @Paged(({ name }: RegisteredSchema) => name)
  list(): Promise<RegisteredSchema[]> {
    return this.database.autocommit((tx) => tx.documents(SCHEMAS).find())
  }

  /** Registers a JSON Schema for the data of policies, or replaces the schema with the same name. */
  @LargeBody(SCHEMA_BODY)
  @Post()
  @RequireScope('operate')
  add(@Body() body: SchemaRegistrationDto): Promise<RegisteredSchema> {
    const compiled = compileRuleSchema(body.schema)
    if (!compiled.ok) throw new HmsError(compiled.code, compiled.message, { status: 422, next: [action('schemas.add', { name: 'NAME' })] })
    return this.database.transaction(async (tx) => {
      const registered = { name: body.name, schema: body.schema, addedAt: tx.now.toISOString() }
      await tx.documents(SCHEMAS).put(registered)
      return registered
    })
  }
}
