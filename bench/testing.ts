// futago/testing as a suite meets it: each measurement in a process that was just started, importing the built
// door. Prints JSON. Usage: node --import tsx bench/testing.ts [COUNT OF PROCESSES]
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const door = (name: string) => new URL(`../dist/${name}.js`, import.meta.url).href

/** What each process does; times in ms. */
const program = `
const began = performance.now()
const { TestCluster } = await import(${JSON.stringify(door('testing'))})
const imported = performance.now()
let cluster = await TestCluster.start()
const started = performance.now()
await cluster.stop()
const stopped = performance.now()
const warm = []
for (let round = 0; round < 5; round++) {
  const again = performance.now()
  cluster = await TestCluster.start()
  warm.push(performance.now() - again)
  if (round < 4) await cluster.stop()
}
const configMap = index => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' + index }, data: { a: 'b' } })
await cluster.apply(Array.from({ length: 1000 }, (_, index) => configMap(index)))
const clean = await cluster.snapshot()
const restores = []
for (let round = 0; round < 10; round++) {
  await cluster.apply(Array.from({ length: 10 }, (_, index) => ({ ...configMap(index * 100), data: { round: String(round) } })))
  await cluster.apply(Array.from({ length: 10 }, (_, index) => configMap(2000 + index)))
  const before = performance.now()
  await cluster.restore(clean)
  restores.push(performance.now() - before)
}
const wiped = performance.now()
const empty = { ...clean, entries: new Map([...clean.entries].filter(([key]) => !/configmaps.*\\/c\\d+$/.test(key))) }
await cluster.restore(empty)
const filled = performance.now()
await cluster.restore(clean)
const whole = performance.now()
await cluster.stop()
const heap = []
for (let round = 0; round < 50; round++) {
  cluster = await TestCluster.start()
  await cluster.stop()
  if (round % 25 === 24) {
    globalThis.gc()
    heap.push(process.memoryUsage().heapUsed / 2 ** 20)
  }
}
process.stdout.write(JSON.stringify({
  node: began,
  import: imported - began,
  start: started - imported,
  stop: stopped - started,
  startAgain: warm.sort((a, b) => a - b)[2],
  restoreFirst: restores[0],
  restore: restores.sort((a, b) => a - b)[5],
  takeAway1000: filled - wiped,
  bringBack1000: whole - filled,
  heapAfter25: heap[0],
  heapAfter50: heap[1],
}))
`

export type TestingFigures = Readonly<Record<string, number>>

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

/** The median of each figure over so many processes. */
export function measureTesting(processes: number): TestingFigures {
  const args = ['--expose-gc', '--input-type=module', '--eval', program]
  const runs = Array.from({ length: processes }, () =>
    JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })),
  )
  const names = Object.keys(runs[0])
  return Object.fromEntries(names.map(name => [name, median(runs.map(run => run[name]))]))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const figures = measureTesting(Number(process.argv[2] ?? 7))
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
}
