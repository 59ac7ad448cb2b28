import { action, HmsError } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Public } from '#libs/service'
import { Controller, Get, Header, Param } from '@nestjs/common'
import { LISTINGS } from './window.table.js'

@Controller('v1/audit/windows')
export class WindowsController {
  constructor(private readonly database: Database) {}

  /** Returns the events of a window; its entry in the log has only their digest. Public like the log: an auditor needs no account. */
  @Get(':event')
  @Public()
  @Header('content-type', 'text/plain; charset=utf-8')
  async show(@Param('event') event: string): Promise<string> {
    const found = await this.database.autocommit((tx) => tx.documents(LISTINGS).get(event))
    if (found !== undefined) return found.listing
    const detail = `No entry ${event.slice(0, 100)} is of a window, or it is older than 8 days: the events themselves are kept for 7.`
    throw new HmsError('HMS_AUDIT_WINDOW_NOT_FOUND', detail, { status: 404, next: [action('audit.log')] })
  }
}
