import type { JsonObject } from '#libs/contracts'
import { RuleSchemas } from '#libs/ofrep'
import { Clock, Logger, type Environment } from '#libs/platform'
import { urlsOf } from '#libs/process'
import { ENVIRONMENT, PeerReads } from '#libs/service'
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'

const BOUNDS = { maxBytes: 16 * 1024 * 1024, timeoutMs: 5_000 }

/** Schemas of the policies in force, read from any instance of linter. */
@Injectable()
export class LinterSchemas extends RuleSchemas implements OnModuleInit {
  constructor(peers: PeerReads, copy: DocumentCopy, clock: Clock, log: Logger, @Inject(ENVIRONMENT) environment: Environment) {
    const readFrom = (url: string) => peers.get<{ name: string; schema: JsonObject }[]>(url, '/v1/schemas', BOUNDS)
    super(copy, () => Promise.any(urlsOf('linter', environment).map(readFrom)), clock, log)
    copy.onChange(() => this.wake())
  }

  onModuleInit(): void {
    this.start()
  }
}
