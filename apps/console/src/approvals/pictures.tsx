import { numberText, type SiteLoad, type SimulationImpact } from '#libs/contracts'
import { LoadTable, MonthPlot } from '#libs/impact'
import type { JSX } from 'preact'

/** Limit of scenarios with pictures, and limit of sites in the table that is not folded. */
const [MAX_SCENARIOS, OPEN_SITES] = [3, 6]

/** Returns a site's name with its county or city where it is known: `Albemarle 510030001`. */
export function labelsOf(places: readonly SiteLoad[]): (site: { name: string }) => string {
  const labels = new Map(places.map(({ name, label = '' }) => [name, label]))
  return ({ name }) => `${labels.get(name) ?? ''} ${name}`.trim()
}

/** Counts of the replay by month, by site, and on a map, for the scenarios in which the change makes readings violate or comply. */
export function Pictures({ impact, places }: { impact: SimulationImpact; places: readonly SiteLoad[] }): JSX.Element {
  const labelOf = labelsOf(places)
  const turned = impact.scenarios.filter(({ newlyViolating, newlyCompliant }) => newlyViolating.count + newlyCompliant.count > 0)
  return (
    <>
      {turned.slice(0, MAX_SCENARIOS).map(({ scenario, months, sites }) => {
        const mapped = places.filter((place) => place.scenario === scenario)
        const rows = sites
          .filter((site) => site.newlyViolating + site.newlyCompliant > 0)
          .map(({ readings, before, after, ...site }) => ({ name: labelOf(site), readings, before, after }))
        const more = rows.length - OPEN_SITES
        return (
          <section class="impact" aria-label={`Readings of ${scenario}`} key={scenario}>
            <MonthPlot months={months} id={`months-${scenario}`} />
            {mapped.length === 0 ? null : <SiteMap places={mapped} id={`map-${scenario}`} />}
            {rows.length === 0 ? null : <LoadTable caption="Sites that change most" what="Site" rows={rows.slice(0, OPEN_SITES)} />}
            {more <= 0 ? null : (
              <details>
                <summary>{more} more sites that change</summary>
                <LoadTable caption="Other sites that change" what="Site" rows={rows.slice(OPEN_SITES)} />
              </details>
            )}
          </section>
        )
      })}
    </>
  )
}

const [WIDTH, MARGIN, MAX_HEIGHT] = [360, 14, 300]

/** Map of sites in an equirectangular projection, true to scale at its middle latitude. */
function SiteMap({ places, id }: { places: readonly SiteLoad[]; id: string }): JSX.Element {
  const [lats, lons] = [places.map(({ lat }) => lat), places.map(({ lon }) => lon)]
  const [south, north, west, east] = [Math.min(...lats), Math.max(...lats), Math.min(...lons), Math.max(...lons)]
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const [spanX, spanY] = [Math.max(0.01, (east - west) * squeeze), Math.max(0.01, north - south)]
  const scale = Math.min((WIDTH - 2 * MARGIN) / spanX, (MAX_HEIGHT - 2 * MARGIN) / spanY)
  const height = Math.round(spanY * scale + 2 * MARGIN)
  const sizeOf = ({ before, after }: SiteLoad): number => Math.abs(after - before)
  const most = Math.max(1, ...places.map(sizeOf))
  return (
    <figure class="impact-figure">
      <figcaption id={id}>Sites on a map: a filled dot has more violations than before, a square fewer, a ring as many</figcaption>
      <svg class="impact-plot impact-map" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-labelledby={id}>
        {places
          .toSorted((a, b) => sizeOf(b) - sizeOf(a))
          .map((place) => {
            const x = Math.round((WIDTH - spanX * scale) / 2 + (place.lon - west) * squeeze * scale)
            const y = Math.round(MARGIN + (north - place.lat) * scale)
            return <Dot key={place.name} place={place} x={x} y={y} r={Math.round(3 + 7 * Math.sqrt(sizeOf(place) / most))} />
          })}
      </svg>
    </figure>
  )
}

/** Title of a dot: `Albemarle 510030001: 2 → 5 of 120 readings`. */
function Dot({ place, x, y, r }: { place: SiteLoad; x: number; y: number; r: number }): JSX.Element {
  const { before, after, readings } = place
  const look = after === before ? 'impact-before' : 'impact-after impact-dot'
  return (
    <rect class={look} x={x - r} y={y - r} width={2 * r} height={2 * r} rx={after < before ? 0 : r}>
      <title>{`${labelsOf([place])(place)}: ${numberText(before)} → ${numberText(after)} of ${numberText(readings)} readings`}</title>
    </rect>
  )
}
