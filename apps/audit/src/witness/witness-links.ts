import { HmsError } from '#libs/contracts'
import { keyIdOf, type LogPolicy, type NoteKey } from '#libs/signing'
import type { ServiceRuntime } from '#libs/stage'
import { HttpWitness, Witness, type SeenStore, type WitnessLink } from '#libs/witness'
import { readAuditConfig, type WitnessPlace } from '../audit.config.js'

/**
 * The witnesses that this log asks: those that `HMS_AUDIT_WITNESS_URLS` names; else, with profile dev, one in this process, whose memory is
 * `seen`. In production witnesses live elsewhere, or they would prove nothing: without addresses nobody is asked, and that is said once.
 */
export async function witnessLinks({ environment, profile, clock, log, signerNamed }: ServiceRuntime, policy: LogPolicy, seen: SeenStore): Promise<WitnessLink[]> {
  const places = readAuditConfig(environment).witnesses
  if (places.length > 0) {
    const links = places.flatMap((place, at) => {
      const key = keyOf(place, at, policy.witnesses)
      // A coming roster may name it, or the last one did: addresses are told once, rosters follow each other.
      if (key === undefined) log.warn({ witness: place.name ?? place.url, known: policy.witnesses.map(({ name }) => name), next: 'hms-svc roster show' }, 'the roster names no such witness; it is not asked')
      return key === undefined ? [] : [new HttpWitness(key, place.url)]
    })
    if (links.length >= policy.quorum) return links
    throw new HmsError('HMS_CONFIG_INVALID', `HMS_AUDIT_WITNESS_URLS has ${links.length} of the witnesses that the roster names (${namesOf(policy)}), and ${policy.quorum} must sign.`, { status: 400, next: ['hms-svc roster show'] })
  }
  const signer = profile === 'dev' ? await signerNamed('witness') : undefined
  const key = policy.witnesses.find((each) => keyIdOf(each.key) === signer?.keyid)
  if (signer !== undefined && key !== undefined) return [new Witness(key, signer, () => [policy.log], seen, clock)]
  if (policy.quorum > 0) {
    log.error({ alarm: 'audit_no_witness', quorum: policy.quorum, next: 'HMS_AUDIT_WITNESS_URLS=URL hms-svc serve audit' }, 'no witness is known here: no checkpoint can be published')
  }
  return []
}

function keyOf({ name }: WitnessPlace, at: number, witnesses: readonly NoteKey[]): NoteKey | undefined {
  return name === undefined ? witnesses[at] : witnesses.find((each) => each.name === name)
}

function namesOf({ witnesses }: LogPolicy): string {
  return witnesses.map(({ name }) => name).join(', ') || 'none'
}
