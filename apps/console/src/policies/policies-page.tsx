import type { PolicyView } from '#libs/contracts'
import type { JSX } from 'preact'
import { FilteredAway, LoadedPart } from '../layout/absent.js'
import { FilterForm, TextFilter } from '../layout/filters.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Terminal } from '../layout/parts.js'
import { mapAnswer } from '../reading/answer.js'
import { PolicyTable } from './policy-table.js'
import { textIn } from '../forms/query.js'

/** Everything in force, by id. */
export async function policiesPage({ read, query }: PageRequest): Promise<PageContent> {
  const wanted = textIn(query, 'q', 100)
  const answer = await read<PolicyView[]>('/v1/policies')
  const found = mapAnswer(answer, (all) => ({ all, fitting: all.filter((policy) => fits(policy, wanted)) }))
  return {
    title: 'Policies',
    section: 'Policies',
    summary: found.kind === 'loaded' ? summaryOf(found.value.all.length, found.value.fitting.length) : 'The policies cannot be shown now.',
    body: (
      <>
        <FilterForm action="/policies">
          <TextFilter name="q" label="Id, title or tag" value={wanted} />
        </FilterForm>
        <LoadedPart id="policies" title="In force for all" answer={found} what="policies" children={foundTable} />
        <Terminal same commands={['hms-svc get ID']} />
      </>
    ),
  }
}

function summaryOf(all: number, fitting: number): string {
  const inForce = `${count(all, 'policy', 'policies')} in force`
  return fitting === all ? `${inForce}.` : `${inForce}, ${fitting} of them shown.`
}

function fits({ id, value }: PolicyView, wanted: string): boolean {
  const texts = [id, value['title'], ...[value['tags']].flat()].filter((text) => typeof text === 'string')
  return texts.some((text) => text.toLowerCase().includes(wanted.toLowerCase()))
}

function foundTable({ all, fitting }: { all: PolicyView[]; fitting: PolicyView[] }): JSX.Element {
  const isNoneLeft = fitting.length === 0 && all.length > 0
  return isNoneLeft ? <FilteredAway what="policies" href="/policies" /> : <PolicyTable policies={fitting} />
}
