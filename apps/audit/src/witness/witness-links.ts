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
  if (places.length > 0) return places.map((place, at) => new HttpWitness(keyOf(place, at, policy.witnesses), place.url))
  const signer = profile === 'dev' ? await signerNamed('witness') : undefined
  const key = policy.witnesses.find((each) => keyIdOf(each.key) === signer?.keyid)
  if (signer !== undefined && key !== undefined) return [new Witness(key, signer, [policy.log], seen, clock)]
  if (policy.quorum > 0) {
    log.error({ alarm: 'audit_no_witness', quorum: policy.quorum, next: 'HMS_AUDIT_WITNESS_URLS=URL hms-svc serve audit' }, 'no witness is known here: no checkpoint can be published')
  }
  return []
}

function keyOf({ name, url }: WitnessPlace, at: number, witnesses: readonly NoteKey[]): NoteKey {
  const key = name === undefined ? witnesses[at] : witnesses.find((each) => each.name === name)
  if (key !== undefined) return key
  const detail = `HMS_AUDIT_WITNESS_URLS: the roster names no witness for ${name ?? url}; it has ${witnesses.map((each) => each.name).join(', ') || 'none'}.`
  throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, next: ['hms-svc roster show'] })
}
