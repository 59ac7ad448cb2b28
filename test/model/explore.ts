/** One thing that may happen, by name, and what is after it. `broken`: the law that it breaks. */
export interface Step<State> {
  name: string
  next: State
  broken?: string
}

export interface Model<State> {
  initial: State
  steps(state: State): Step<State>[]
  /** States of one key are one: what differs in nothing that any law or decider looks at is folded. */
  keyOf(state: State): string
}

export interface Explored {
  states: number
  transitions: number
  /** Steps from the beginning to the farthest state. */
  depth: number
  /** No state is left that was not looked at. */
  isComplete: boolean
  /** The shortest way to a broken law. */
  broken?: { law: string; path: string[] }
}

export interface Bounds {
  depth?: number
  states?: number
}

/** Walks every state breadth first, so that the first broken law has the shortest path; ends there. */
export function explore<State>(model: Model<State>, { depth: most = Infinity, states: room = 200_000 }: Bounds = {}): Explored {
  const first = model.keyOf(model.initial)
  const cameBy = new Map<string, { from: string; name: string } | null>([[first, null]])
  let [frontier, depth, transitions, isComplete] = [[{ state: model.initial, key: first }], 0, 0, true]
  while (frontier.length > 0 && depth < most) {
    const found: typeof frontier = []
    for (const { state, key } of frontier) {
      for (const { name, next, broken } of model.steps(state)) {
        transitions++
        if (broken !== undefined) {
          const path = [...pathTo(key, cameBy), name]
          return { states: cameBy.size, transitions, depth: depth + 1, isComplete: false, broken: { law: broken, path } }
        }
        const reached = model.keyOf(next)
        if (cameBy.has(reached)) continue
        if (cameBy.size >= room) {
          isComplete = false
          continue
        }
        cameBy.set(reached, { from: key, name })
        found.push({ state: next, key: reached })
      }
    }
    frontier = found
    if (found.length > 0) depth++
  }
  return { states: cameBy.size, transitions, depth, isComplete: isComplete && frontier.length === 0 }
}

function pathTo(key: string, cameBy: ReadonlyMap<string, { from: string; name: string } | null>): string[] {
  const path: string[] = []
  for (let step = cameBy.get(key); step != null; step = cameBy.get(step.from)) path.unshift(step.name)
  return path
}

/** `canary: 412 states, 9,064 transitions, depth 11, all of them`. */
export function describeExplored(name: string, { states, transitions, depth, isComplete, broken }: Explored): string {
  const counts = `${states.toLocaleString('en-US')} states, ${transitions.toLocaleString('en-US')} transitions, depth ${depth}`
  if (broken !== undefined)
    return `${name}: ${counts}; broken: ${broken.law}\n${broken.path.map((step, at) => `  ${at + 1}. ${step}`).join('\n')}`
  return `${name}: ${counts}, ${isComplete ? 'all of them' : 'bounded'}`
}
