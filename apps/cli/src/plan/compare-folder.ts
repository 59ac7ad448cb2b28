import { compareText, policyDigest, type PolicyDocument, type PolicySource } from '#libs/policy'
import { renderTable } from '../output/table.js'

const STATES = ['new', 'changed', 'unchanged', 'gone'] as const

/** A policy beside the version in force. `version` and `file` are those of its file in the folder; `gone` without one. */
export type FolderPolicy = Record<'live' | 'version' | 'file', string | null> & { state: (typeof STATES)[number]; id: string }

/** Pure. Returns the policies of a folder and those in force, by state and id. Any difference is a change, also of the version alone. */
export function compareFolder(sources: readonly PolicySource[], inForce: readonly PolicyDocument[]): FolderPolicy[] {
  const here = new Map(sources.map((source) => [source.policy.id, source]))
  const before = new Map(inForce.map((policy) => [policy.id, policy]))
  const all = [...new Set([...here.keys(), ...before.keys()])].sort(compareText).map((id): FolderPolicy => {
    const [source, live] = [here.get(id), before.get(id)]
    const present = live === undefined ? 'new' : policyDigest(live) === source?.digest ? 'unchanged' : 'changed'
    const versions = { live: live?.version ?? null, version: source?.policy.version ?? null }
    return { id, state: source === undefined ? 'gone' : present, ...versions, file: source?.file ?? null }
  })
  return STATES.flatMap((state) => all.filter((policy) => policy.state === state))
}

/** Formats `1 new, 2 changed, 0 unchanged, 0 gone`. */
export function countStates(folder: readonly FolderPolicy[]): string {
  return STATES.map((state) => `${folder.filter((policy) => policy.state === state).length} ${state}`).join(', ')
}

export function folderLines(folder: readonly FolderPolicy[]): string[] {
  const columns = { STATE: 'state', POLICY: 'id', 'IN FORCE': 'live', VERSION: 'version', FILE: 'file' } as const
  return [...renderTable(folder, columns, null), countStates(folder)]
}
