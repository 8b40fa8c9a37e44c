// Writes to a cluster of its own as fast as it can until it is killed, and says of each write what it is
// about to do (`i NAME STEP`) and what has been acknowledged (`a NAME STEP REVISION`).
import { writeSync } from 'node:fs'
import { configMaps, services } from '../dist/api.js'
import { startCluster } from '../dist/index.js'

const [stateRoot, round] = process.argv.slice(2)
const { client } = await startCluster({ name: 'killed', nodes: 1, securePort: 0 }, { stateRoot })

const say = (...words) => writeSync(1, `${words.join(' ')}\n`)

async function live(resource, name, spec) {
  const write = async (step, work) => {
    say('i', name, step)
    const { metadata } = await work()
    say('a', name, step, metadata.resourceVersion)
  }
  const target = { namespace: 'default', name }
  const object = { metadata: { ...target, annotations: { step: '1' } }, ...spec }
  await write(1, () => client.create(resource, object))
  for (const step of [2, 3]) {
    const annotations = { step: String(step) }
    await write(step, () => client.patch(resource, target, { metadata: { annotations } }))
  }
  if (Math.random() < 0.3) {
    say('i', name, 4)
    await client.delete(resource, target)
    say('a', name, 4, 0)
  }
}

async function work(worker) {
  for (let count = 0; ; count++) {
    const name = `r${round}-w${worker}-${count}`
    if (count % 4 === 3)
      await live(services, name, { spec: { ipFamilyPolicy: 'PreferDualStack', ports: [{ port: 80 }] } })
    else await live(configMaps, name, { data: { text: 'x'.repeat(200 * worker) } })
  }
}

await Promise.all(Array.from({ length: 16 }, (_, worker) => work(worker)))
