/**
 * Source that runs in the sandbox before the bot. Clock and randomness stay available, because a module may use them while loading, but
 * both are counters seeded per run. The same replay therefore gives the same bytes, while a bot whose result depends on either differs
 * between the two runs under the old policy and is found NONDETERMINISTIC. Local time is UTC, because QuickJS would otherwise ask the host
 * for its time zone. It evaluates to the function that reseeds.
 */
;(() => {
  const Real = Date,
    { UTC, parse: realParse } = Real,
    { construct } = Reflect
  let now = 0,
    state = 1
  const tick = () => now++
  const parse = (text) => {
    text = String(text)
    if (/^[+-]?\d{4,6}(-\d\d){0,2}$/.test(text) || /(Z|GMT|UTC|[+-]\d\d:?\d\d)\s*(\(.*\))?$/i.test(text)) return realParse(text)
    return realParse(text + (/T\d\d:\d\d/.test(text) ? 'Z' : ' GMT'))
  }
  function VirtualDate(...given) {
    const [first] = given
    const time = given.length === 0 ? tick() : given.length > 1 ? UTC(...given) : typeof first === 'string' ? parse(first) : first
    return new.target ? construct(Real, [time], new.target) : new Real(tick()).toUTCString()
  }
  const proto = Real.prototype
  VirtualDate.prototype = proto
  VirtualDate.UTC = UTC
  VirtualDate.now = tick
  VirtualDate.parse = parse
  proto.constructor = VirtualDate
  for (const part of ['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds', 'Milliseconds', 'Day']) {
    proto['get' + part] = proto['getUTC' + part]
    if (part !== 'Day') proto['set' + part] = proto['setUTC' + part]
  }
  proto.getTimezoneOffset = () => 0
  for (const form of ['toString', 'toDateString', 'toTimeString', 'toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']) {
    proto[form] = proto.toUTCString
  }
  globalThis.Date = VirtualDate
  // mulberry32
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  for (const name of ['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics']) delete globalThis[name]
  return (seed) => {
    // Odd steps of 397 days, 7 hours and 11 minutes from 2020: another year, weekday, hour and minute in every run.
    now = 1577836800000 + seed * 34326660000 + seed
    state = seed * 0x9e3779b1
  }
})()
