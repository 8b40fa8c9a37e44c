// Measures the store drivers: durable creations with 1, 16 and 64 writers of 2 kB values, reads, a list of 10,000
// entries, and opening a store that holds them. `npx tsx bench/store.ts [memory|lmdb]`
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../src/storage/open.ts'
import type { Store } from '../src/storage/store.ts'

const print = (name: string, figure: string) => process.stdout.write(`${name.padEnd(34)} ${figure}\n`)
const perSecond = (count: number, ms: number) => `${Math.round((count * 1000) / ms).toLocaleString('en')} /s`
const value = () => Buffer.alloc(2048, 'x')

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
  print(`create, ${writers} writers`, `${perSecond(count, ms)}  p50 ${at(0.5)}  p99 ${at(0.99)}`)
}

async function read(store: Store): Promise<void> {
  const count = 50_000
  let start = performance.now()
  for (let index = 0; index < count; index++) await store.get(`/bench/64/${index % 10_000}`)
  print('get', perSecond(count, performance.now() - start))
  start = performance.now()
  const { entries } = await store.list({ prefix: '/bench/64/' })
  print(`list ${entries.length} entries`, `${(performance.now() - start).toFixed(1)} ms`)
}

const driver = process.argv[2] ?? 'lmdb'
const directory = mkdtempSync(join(tmpdir(), 'futago-bench-'))
const location = driver === 'memory' ? 'memory' : `${driver}:${directory}`
let start = performance.now()
const store = await openStore(location)
print(`${driver}: open`, `${(performance.now() - start).toFixed(1)} ms`)
await create(store, 1, 2000)
await create(store, 16, 20_000)
await create(store, 64, 10_000)
await read(store)
await store.close()
if (driver !== 'memory') {
  start = performance.now()
  const again = await openStore(location)
  print('open with 32,000 entries', `${(performance.now() - start).toFixed(1)} ms`)
  await again.close()
}
print('resident memory', `${Math.round(process.memoryUsage().rss / 1e6)} MB`)
rmSync(directory, { recursive: true })
