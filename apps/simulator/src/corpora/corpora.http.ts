import { HmsError, type CorpusSummary } from '#libs/contracts'
import { digestOf, digestOfJson } from '#libs/signing'
import { RequireScope, ServiceRuntime } from '#libs/stage'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { register } from '../registry-limit.js'
import { parseCorpus } from '../replay/corpus.js'
import { CorpusRegistrationDto } from './corpora.dto.js'
import { CORPORA, CORPUS_CONTENT, MAX_CORPORA, type RegisteredCorpus } from './corpus.entity.js'

@Controller('v1/corpora')
export class CorporaController {
  constructor(private readonly runtime: ServiceRuntime) {}

  @Get()
  list(): Promise<CorpusSummary[]> {
    return this.runtime.database.transaction(async (tx) => (await tx.documents(CORPORA).find()).map(summaryOf))
  }

  @Post()
  @RequireScope('operate')
  add(@Body() { id, format, content, map = {} }: CorpusRegistrationDto): Promise<CorpusSummary> {
    const { readings, problems } = parseCorpus(Buffer.from(content), { id, format, map })
    if (problems.length > 0) {
      const errors = problems.map(({ code, row, message }) => ({ pointer: row === undefined ? '' : `row ${row}`, detail: `${message} [${code}]` }))
      throw new HmsError(problems[0]!.code, errors.map((error) => `${error.pointer} ${error.detail}`.trim()).join('; '), { status: 422, errors, next: ['hms-svc corpora add FILE --id ID'] })
    }
    return this.runtime.database.transaction(async (tx) => {
      await tx.lock(['corpora'])
      const digest = digestOfJson({ content: digestOf(content), map, format })
      const corpus = { id, format, map, readings: readings.length, digest, addedAt: tx.now.toISOString() }
      await register(tx.documents(CORPORA), id, corpus, MAX_CORPORA, 'corpora')
      await tx.documents(CORPUS_CONTENT).put({ id, content })
      return summaryOf(corpus)
    })
  }
}

function summaryOf({ id, readings, digest, addedAt }: RegisteredCorpus): CorpusSummary {
  return { id, readings, digest, addedAt }
}
