import { action, HmsError, type CorpusSummary } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { RequireScope, LargeBody, Paged } from '#libs/service'
import { digestOf, digestOfJson } from '#libs/signing'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { register } from '../registry-limit.js'
import { parseCorpus, type CorpusProblem } from '../replay/corpus.js'
import { CorpusRegistrationDto } from './corpora.dto.js'
import { CORPORA, CORPUS_BODY_LIMIT_BYTES, CORPUS_CONTENT, MAX_CORPORA, type RegisteredCorpus } from './corpus.table.js'

@Controller('v1/corpora')
export class CorporaController {
  constructor(private readonly database: Database) {}

  /** Lists the corpora that simulations replay. */
  @Get()
  @Paged(({ id }: CorpusSummary) => id)
  list(): Promise<CorpusSummary[]> {
    return this.database.autocommit(async (tx) => (await tx.documents(CORPORA).find()).map(summaryOf))
  }

  /** Registers a corpus, or replaces the one with this id. One with unreadable rows is refused whole; the error names the rows. */
  @LargeBody({ bytes: CORPUS_BODY_LIMIT_BYTES })
  @Post()
  @RequireScope('operate')
  async add(@Body() body: CorpusRegistrationDto): Promise<CorpusSummary> {
    const { id, format, content } = body
    const map = body.map ?? {}
    const { readings, problems } = parseCorpus(Buffer.from(content), { id, format, map })
    if (problems.length > 0) throw corpusError(id, problems)
    return this.database.locked(['corpora'], async (tx) => {
      const digest = digestOfJson({ id, content: digestOf(content), map, format })
      const corpus = { id, format, map, readings: readings.length, digest, addedAt: tx.now.toISOString() }
      await register(tx.documents(CORPORA), id, corpus, MAX_CORPORA, 'corpora')
      await tx.documents(CORPUS_CONTENT).put({ id, format, map, digest, content })
      return summaryOf(corpus)
    })
  }
}

const TOO_LARGE: readonly string[] = ['HMS_CORPUS_TOO_LARGE', 'HMS_CORPUS_TOO_MANY_ROWS']

function corpusError(id: string, problems: readonly CorpusProblem[]): HmsError {
  const code = problems[0]?.code ?? 'HMS_CORPUS_EMPTY'
  const errors = problems.map(({ code: own, row, message }) => ({
    pointer: '/content',
    detail: `${row === undefined ? '' : `row ${row}: `}${message}${own === code ? '' : ` [${own}]`}`,
  }))
  const detail = errors.map((error) => error.detail).join('; ')
  return new HmsError(code, detail, { status: TOO_LARGE.includes(code) ? 413 : 422, errors, next: [action('corpora.add', { corpus: id })] })
}

function summaryOf({ id, readings, digest, addedAt }: RegisteredCorpus): CorpusSummary {
  return { id, readings, digest, addedAt }
}
