import { asyncApi, errorPage, noErrorPage, openApi } from '#libs/platform'
import { Controller, Get, Header, Param, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { Public } from '../authorization/require-scope.js'
import { HostContext } from './host-context.js'

/** Public: it describes the API of the software, not the data of an installation. */
@Public()
@Controller()
export class DescriptionController {
  constructor(private readonly host: HostContext) {}

  /** Returns the OpenAPI document of the routes of this process. */
  @Get('openapi.json')
  routes(): object {
    return openApi(this.host.version, this.host.routes)
  }

  /** Returns the AsyncAPI document of all topics and their events. */
  @Get('asyncapi.json')
  topics(): object {
    return asyncApi(this.host.version)
  }

  /** Explains an error code: what it means, and what to do. */
  @Get('docs/errors/:code')
  @Header('content-type', 'text/plain; charset=utf-8')
  errorPage(@Param('code') code: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    const page = errorPage(code)
    if (page === undefined) void reply.status(404)
    return page ?? noErrorPage(code)
  }
}
