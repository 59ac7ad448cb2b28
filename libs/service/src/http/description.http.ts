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

  @Get('openapi.json')
  routes(): object {
    return openApi(this.host.version, this.host.routes)
  }

  @Get('asyncapi.json')
  topics(): object {
    return asyncApi(this.host.version)
  }

  @Get('docs/errors/:code')
  @Header('content-type', 'text/plain; charset=utf-8')
  errorPage(@Param('code') code: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    const page = errorPage(code)
    if (page === undefined) void reply.status(404)
    return page ?? noErrorPage(code)
  }
}
