// Measures the store drivers: durable creations with 1, 16 and 64 writers of 2 kB values, reads, a list of 10,000
// entries, and opening a store that holds them; each with its ratio to the first driver that is asked for.
// `npx tsx bench/store.ts [memory|lmdb|etcd|etcd:URL,...]...`; `etcd` is one member started for it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../src/storage/open.ts'
import type { Store } from '../src/storage/store.ts'
import { EtcdServers } from '../test/etcdserver.ts'

const value = () => Buffer.alloc(2048, 'x')
/** What the first driver did. */
const reference = new Map<string, number>()

/** `amount` is milliseconds, or how many a second. */
function print(name: string, amount: number, unit: 'ms' | '/s', more = ''): void {
  const first = reference.get(name)
  const ratio =
    first === undefined
      ? ''
      : `  ${(unit === 'ms' ? first / amount : amount / first).toFixed(2)} times as fast`
  if (first === undefined) reference.set(name, amount)
  const text = unit === 'ms' ? amount.toFixed(1) : Math.round(amount).toLocaleString('en')
  process.stdout.write(`  ${name.padEnd(26)} ${text} ${unit}${more}${ratio}\n`)
}

async function create(store: Store, writers: number, count: number): Promise<void> {
  const latencies: number[] = []
  let next = 0
  const prefix = `/bench/${writers}/`
  const start = performance.now()
  const write = async () => {
    while (next < count) {
      const key = `${prefix}${next++}`
      const begin = performance.now()
      await store.write([{ type: 'create', key, value: value() }])
      latencies.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  const ms = performance.now() - start
  latencies.sort((a, b) => a - b)
  const at = (share: number) => `${latencies[Math.floor(count * share)]!.toFixed(2)} ms`
  print(`create, ${writers} writers`, (count * 1000) / ms, '/s', `  p50 ${at(0.5)}  p99 ${at(0.99)}`)
}

async function read(store: Store): Promise<void> {
  const count = 20_000
  let start = performance.now()
  for (let index = 0; index < count; index++) await store.get(`/bench/64/${index % 10_000}`)
  print('get, one after the other', (count * 1000) / (performance.now() - start), '/s')
  start = performance.now()
  await Promise.all(Array.from({ length: count }, () => store.progress()))
  print('progress, all at once', (count * 1000) / (performance.now() - start), '/s')
  start = performance.now()
  const { entries } = await store.list({ prefix: '/bench/64/' })
  print(`list ${entries.length} entries`, performance.now() - start, 'ms')
}

async function measure(location: string): Promise<void> {
  let start = performance.now()
  const store = await openStore(location)
  print('open', performance.now() - start, 'ms')
  await create(store, 1, 2000)
  await create(store, 16, 20_000)
  await create(store, 64, 10_000)
  await read(store)
  await store.close()
  if (location === 'memory') return
  start = performance.now()
  const again = await openStore(location)
  print('open with 32,000 entries', performance.now() - start, 'ms')
  await again.close()
}

const asked = process.argv.slice(2)
for (const driver of asked.length > 0 ? asked : ['lmdb']) {
  process.stdout.write(`${driver}:\n`)
  const directory = mkdtempSync(join(tmpdir(), 'futago-bench-'))
  const etcd = driver === 'etcd' ? await EtcdServers.start({ family: 'IPv6' }) : undefined
  try {
    await measure(driver === 'lmdb' ? `lmdb:${directory}` : (etcd?.location ?? driver))
  } finally {
    await etcd?.stop()
    rmSync(directory, { recursive: true })
  }
}
