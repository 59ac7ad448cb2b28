import { action, command, HmsError } from '#libs/contracts'
import { keyIdOf, type LogPolicy, type NoteKey } from '#libs/signing'
import type { ServiceRuntime } from '#libs/service'
import { HttpWitness, Witness, type SeenStore, type WitnessLink } from '#libs/witness'
import { readAuditConfig, type WitnessPlace } from '../audit.config.js'

/**
 * Creates the links to this log's witnesses: those of `HMS_AUDIT_WITNESS_URLS`; else, with profile dev, one in this process with memory
 * `seen`. In production witnesses run elsewhere, or they would prove nothing: without addresses there are none, which is logged once.
 */
export async function witnessLinks(
  { environment, profile, clock, log, signerNamed }: ServiceRuntime,
  policy: LogPolicy,
  seen: SeenStore,
): Promise<WitnessLink[]> {
  const places = readAuditConfig(environment).witnesses
  if (places.length > 0) {
    const found = places.map((place, at) => ({ place, key: keyOf(place, at, policy.witnesses) }))
    const links = found.flatMap(({ place, key }) => (key === undefined ? [] : [new HttpWitness(key, place.url)]))
    const known = policy.witnesses.map(({ name }) => name).join(', ') || 'none'
    if (links.length < policy.quorum) {
      const detail = `HMS_AUDIT_WITNESS_URLS has ${links.length} of the roster's witnesses (${known}), and ${policy.quorum} must sign.`
      throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, next: [action('roster.show')] })
    }
    // A future or earlier roster may name them: addresses are configured once, while rosters change.
    const strangers = found.filter(({ key }) => key === undefined).map(({ place }) => place.name ?? place.url)
    if (strangers.length > 0)
      log.warn({ witnesses: strangers, known, next: command('roster.show') }, 'the roster names no such witnesses; they are not asked')
    return links
  }
  const signer = profile === 'dev' ? await signerNamed('witness') : undefined
  const key = policy.witnesses.find((each) => keyIdOf(each.key) === signer?.keyid)
  if (signer !== undefined && key !== undefined) return [new Witness(key, signer, () => [policy.log], seen, clock)]
  if (policy.quorum > 0) {
    log.error(
      { alarm: 'audit_no_witness', quorum: policy.quorum, next: command('serve.witnesses', { service: 'audit' }) },
      'no witness is known here: no checkpoint can be published',
    )
  }
  return []
}

function keyOf({ name }: WitnessPlace, at: number, witnesses: readonly NoteKey[]): NoteKey | undefined {
  return name === undefined ? witnesses[at] : witnesses.find((each) => each.name === name)
}
