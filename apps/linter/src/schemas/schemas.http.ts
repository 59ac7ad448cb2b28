import { HmsError } from '#libs/contracts'
import { compileRuleSchema } from '#libs/policy'
import { RequireScope, ServiceRuntime } from '#libs/stage'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { SCHEMAS, type RegisteredSchema } from './schema.entity.js'
import { SchemaRegistrationDto } from './schemas.dto.js'

@Controller('v1/schemas')
export class SchemasController {
  constructor(private readonly runtime: ServiceRuntime) {}

  @Get()
  list(): Promise<RegisteredSchema[]> {
    return this.runtime.database.transaction((tx) => tx.documents(SCHEMAS).find())
  }

  @Post()
  @RequireScope('operate')
  add(@Body() body: SchemaRegistrationDto): Promise<RegisteredSchema> {
    const compiled = compileRuleSchema(body.schema)
    if (!compiled.ok) throw new HmsError(compiled.code, compiled.message, { status: 422, next: ['hms-svc schemas add FILE --name NAME'] })
    return this.runtime.database.transaction(async (tx) => {
      const registered = { name: body.name, schema: body.schema, addedAt: tx.now.toISOString() }
      await tx.documents(SCHEMAS).put(registered)
      return registered
    })
  }
}
