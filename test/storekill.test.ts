// kill -9 of a cluster under write load, at any moment, over and over on the same store: what was
// acknowledged is there, nothing is half-written, no address is given twice. Fifty times, or KILLS times.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openLMDBStore } from '../src/storage/lmdb.ts'
import { newHome } from './futago.ts'
import { root } from './kubectl.ts'

const kills = Number(process.env['KILLS'] ?? 50)
const home = newHome()
afterAll(() => rmSync(home, { recursive: true, force: true }))

interface Written {
  /** The step that was begun, and the one that was acknowledged. */
  intended: number
  acknowledged: number
}

const written = new Map<string, Written>()
let newestRevision = 0

function note(line: string) {
  const [what, name = '', step, revision] = line.split(' ')
  const known = written.get(name) ?? { intended: 0, acknowledged: 0 }
  written.set(name, known)
  if (what === 'i') known.intended = Number(step)
  else known.acknowledged = Number(step)
  newestRevision = Math.max(newestRevision, Number(revision ?? 0))
}

/** Resolves when the writer is dead, some time after its first write. */
function writeAndKill(round: number): Promise<number> {
  const child = spawn(process.execPath, [join(root, 'test/storewriter.mjs'), home, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  let lines = 0
  const enough = 10 + Math.random() * 600
  child.stdout.setEncoding('utf8').on('data', chunk => {
    const parts = (text + chunk).split('\n')
    text = parts.pop()!
    for (const line of parts) note(line)
    lines += parts.length
    if (lines > enough) child.kill('SIGKILL')
  })
  return new Promise(resolve => child.once('close', () => resolve(lines)))
}

interface Found {
  readonly metadata: { readonly name: string; readonly annotations?: { readonly step?: string } }
  readonly spec?: { readonly clusterIPs?: readonly string[] }
}

/** What is wrong with the store. */
async function problems(): Promise<string[]> {
  const store = await openLMDBStore(join(home, 'killed', 'store'))
  const { entries, revision } = await store.list({ prefix: '/registry/' })
  await store.close()
  const found: string[] = revision < newestRevision ? [`revision ${revision} < ${newestRevision}`] : []
  const steps = new Map<string, number>()
  const owners = new Map<string, string>()
  for (const { key, value } of entries) {
    const { metadata, spec } = JSON.parse(value.toString()) as Found
    if (!/configmaps|services\/specs/.test(key)) continue
    steps.set(metadata.name, Number(metadata.annotations?.step))
    for (const address of spec?.clusterIPs ?? []) {
      if (owners.has(address)) found.push(`${address}: ${owners.get(address)} and ${metadata.name}`)
      owners.set(address, metadata.name)
    }
  }
  const claimed = new Set(entries.map(({ key }) => key).filter(key => key.includes('/ipaddresses/')))
  if (claimed.size !== owners.size) found.push(`${claimed.size} addresses for ${owners.size} ClusterIPs`)
  for (const [name, { intended, acknowledged }] of written) {
    const step = steps.get(name)
    const isThere = step !== undefined && step >= acknowledged && step <= intended
    const isRightlyGone = step === undefined && (acknowledged === 0 || intended === 4)
    if (!isThere && !isRightlyGone)
      found.push(`${name}: ${step}, acknowledged ${acknowledged} of ${intended}`)
  }
  return found
}

test(`Killed ${kills} times under load, nothing acknowledged is lost and nothing is half there`, {
  timeout: 600_000,
}, async () => {
  let lines = 0
  for (let round = 0; round < kills; round++) {
    lines += await writeAndKill(round)
    expect(await problems(), `round ${round}`).toEqual([])
  }
  expect(lines).toBeGreaterThan(10 * kills)
})
