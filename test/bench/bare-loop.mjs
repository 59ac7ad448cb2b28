// The floor of a replay: the same bots over the same readings, three runs each, with nothing around them but the loop. In QuickJS as the
// sandbox embeds it, or in this very Node. Answers with the number of alerts, so that both sides can be held against each other.
import { parentPort } from 'node:worker_threads'
import releaseSync from '@jitl/quickjs-wasmfile-release-sync'
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core'

const LOOP = `(inspect, text, policies) => {
  const readings = JSON.parse(text), byId = JSON.parse(policies)
  const getPolicy = (id) => byId[id]
  let alerts = 0
  for (const reading of readings) if (inspect(reading, getPolicy)) alerts++
  return alerts
}`

parentPort.on('message', ({ engine, bots, batches, sides }) => {
  const run = engine === 'quickjs' ? inQuickJs : inNode
  run(bots, batches, sides).then((alerts) => parentPort.postMessage(alerts, []))
})

async function inQuickJs(bots, batches, sides) {
  const quickjs = await newQuickJSWASMModuleFromVariant(releaseSync)
  let alerts = 0
  for (const { source } of bots) {
    const context = quickjs.newContext()
    const module = context.unwrapResult(context.evalCode(source, 'bot.js', { type: 'module' }))
    const inspect = context.getProp(module, 'default')
    const loop = context.unwrapResult(context.evalCode(LOOP))
    for (const side of sides) {
      for (const batch of batches) {
        const given = [inspect, context.newString(batch), context.newString(side)]
        const result = context.unwrapResult(context.callFunction(loop, context.undefined, ...given))
        alerts += context.getNumber(result)
        for (const handle of [result, ...given.slice(1)]) handle.dispose()
      }
    }
    for (const handle of [loop, inspect, module]) handle.dispose()
    context.dispose()
  }
  return alerts
}

async function inNode(bots, batches, sides) {
  const loop = new Function(`return ${LOOP}`)()
  let alerts = 0
  for (const { source } of bots) {
    const { default: inspect } = await import(`data:text/javascript,${encodeURIComponent(source)}`)
    for (const side of sides) for (const batch of batches) alerts += loop(inspect, batch, side)
  }
  return alerts
}
