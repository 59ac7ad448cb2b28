import type { Json, JsonObject, PolicyView } from '#libs/contracts'
import { POLICY_KNOWN_KEYS } from '#libs/policy'
import type { JSX } from 'preact'
import { None } from '../layout/absent.js'
import { Command, PolicyLink, RunLink, Table, valueText } from '../layout/parts.js'

/** Policies with their rules; all that are in force, so that none is a fact. */
export function PolicyTable({ policies }: { policies: readonly PolicyView[] }): JSX.Element {
  if (policies.length === 0)
    return (
      <None>
        No policy is in force yet. A person approves one: <Command>hms-svc approve FILE --sign NAME</Command>
      </None>
    )
  return (
    <Table
      caption="Policies in force"
      head={['Policy', 'Rule', 'Signed by', 'Run']}
      rows={policies.map(({ id, version, value, provenance }) => [
        <PolicyLink id={id} version={version} />,
        ruleTexts(value).join(', '),
        provenance.approvedBy.join(', '),
        <RunLink run={provenance.run} />,
      ])}
    />
  )
}

/** Each member of its rule: `limit 35 µg/m³`. */
export function ruleTexts(policy: JsonObject): string[] {
  return ruleOf(policy).map(([key, value]) => `${key} ${valueText(value)}${typeof value === 'number' ? ` ${unitText(policy)}` : ''}`)
}

/** The keys that describe a policy are known; all others are its rule. */
export function ruleOf(policy: JsonObject): [key: string, value: Json][] {
  const known: readonly string[] = POLICY_KNOWN_KEYS
  return Object.entries(policy).flatMap(([key, value]) => (value === undefined || known.includes(key) ? [] : [[key, value]]))
}

/** As people write it: `µg/m³` of `ug_per_m3`. Empty where the policy names none. */
export function unitText({ units }: JsonObject): string {
  if (typeof units !== 'string') return ''
  return units
    .replaceAll('_per_', '/')
    .replaceAll(/\bug\b/g, 'µg')
    .replaceAll(/\bm3\b/g, 'm³')
    .replaceAll(/\bm2\b/g, 'm²')
}
