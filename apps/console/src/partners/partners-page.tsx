import { defined, DELIVERY_STATES, type DeliveriesFilter, type DeliveryView, type PartnerSummary } from '#libs/contracts'
import type { JSX } from 'preact'
import { FilteredAway, LoadedPart, None } from '../layout/absent.js'
import { ChoiceFilter, FilterForm, TextFilter } from '../layout/filters.js'
import { placeOfList, type PageContent, type PageRequest } from '../layout/page.js'
import { Command, count, Table, Terminal } from '../layout/parts.js'
import { DeliveryRows } from './delivery-rows.js'
import { queryOf, textIn } from '../forms/query.js'

const PAGE = 50

/** Partners, and the deliveries to each of them. The filters of the list are in the address. */
export async function partnersPage({ read, query }: PageRequest): Promise<PageContent> {
  const filter = filterOf(query)
  const [partners, deliveries] = await Promise.all([
    read<PartnerSummary[]>('/v1/partners'),
    read<DeliveryView[]>(`/v1/deliveries?${queryOf({ ...filter, limit: PAGE + 1 })}`),
  ])
  const narrowed = Object.keys(filter).length > 0
  return {
    ...placeOfList('Partners', narrowed),
    summary: deliveries.kind === 'loaded' ? summaryOf(deliveries.value.slice(0, PAGE)) : 'What was sent cannot be shown now.',
    body: (
      <>
        <LoadedPart id="partners" title="Registered partners" answer={partners} what="partners" children={partnersTable} />
        <FilterForm action="/partners">
          <TextFilter name="partner" label="Partner" value={filter.partner} />
          <TextFilter name="policy" label="Policy" value={filter.policy} />
          <ChoiceFilter name="state" label="State" any="Any state" choices={DELIVERY_STATES} chosen={filter.state} />
        </FilterForm>
        <LoadedPart id="deliveries" title={narrowed ? 'Deliveries that match' : 'Deliveries'} answer={deliveries} what="deliveries">
          {(found) => <Found deliveries={found} filter={filter} narrowed={narrowed} />}
        </LoadedPart>
        <Terminal
          commands={[
            'hms-svc partners deliveries',
            'hms-svc partners test ID',
            'hms-svc partners redrive --failed --since 24h --reason TEXT',
          ]}
        />
      </>
    ),
  }
}

function filterOf(query: URLSearchParams): DeliveriesFilter {
  return defined({
    partner: textIn(query, 'partner', 100) || undefined,
    policy: textIn(query, 'policy', 100) || undefined,
    state: DELIVERY_STATES.find((each) => each === query.get('state')),
    before: textIn(query, 'before', 500) || undefined,
  })
}

function summaryOf(deliveries: readonly DeliveryView[]): string {
  if (deliveries.length === 0) return 'Nothing was sent, or nothing matches.'
  const waiting = deliveries.filter(({ state }) => state === 'pending').length
  const givenUp = deliveries.filter(({ state }) => state === 'dead').length
  return `Of the ${count(deliveries.length, 'delivery', 'deliveries')} shown, ${waiting} wait and ${givenUp} were given up.`
}

function partnersTable(partners: readonly PartnerSummary[]): JSX.Element {
  if (partners.length === 0) {
    return (
      <None>
        No partner is registered. <Command>hms-svc partners add FILE</Command>
      </None>
    )
  }
  return (
    <Table
      caption={count(partners.length, 'partner')}
      head={['Partner', 'Name', 'Channels', 'Groups', 'Lane']}
      rows={partners.map(({ id, name, channels, groups, lane, onlyWhereNamed }) => [
        <a href={`/partners?partner=${encodeURIComponent(id)}`}>{id}</a>,
        name,
        channels.join(', '),
        (groups.join(', ') || '–') + (onlyWhereNamed === true ? ': policies only where a plan names it' : ''),
        lane,
      ])}
    />
  )
}

function Found({
  deliveries,
  filter,
  narrowed,
}: {
  deliveries: readonly DeliveryView[]
  filter: DeliveriesFilter
  narrowed: boolean
}): JSX.Element {
  const page = deliveries.slice(0, PAGE)
  if (page.length === 0) return narrowed ? <FilteredAway what="deliveries" href="/partners" /> : <None>Nothing was sent yet.</None>
  return (
    <>
      <DeliveryRows deliveries={page} />
      {deliveries.length > PAGE ? (
        <p>
          <a href={`/partners?${queryOf({ ...filter, before: page.at(-1)!.id })}`}>Older deliveries</a>
        </p>
      ) : null}
    </>
  )
}
