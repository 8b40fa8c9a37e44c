import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { openLMDBStore } from './lmdb.ts'

const scratch = mkdtempSync(join(tmpdir(), 'futago-table-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const storage = JSON.stringify(fileURLToPath(new URL('./lmdb.ts', import.meta.url)))

/** Starts a process that runs `body` with an open `store`, and may not write files beyond `kilobytes`. */
function startWriter(directory: string, body: string, kilobytes?: number) {
  const program = `
    import { openLMDBStore } from ${storage}
    const store = await openLMDBStore(${JSON.stringify(directory)})
    const create = (key, size) => ({ type: 'create', key, value: Buffer.alloc(size, 'x') })
    const say = line => process.stdout.write(line + '\\n')
    ${body}`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program]
  const shell = `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$0" "$@"`
  const [command, ...args] = kilobytes === undefined ? node : ['bash', '-c', shell, ...node]
  return spawn(command!, args, { stdio: ['ignore', 'pipe', 'ignore'] })
}

test('Ten times killed with SIGKILL: no acknowledged write is lost, no write is there by half', async () => {
  const directory = join(scratch, 'killed')
  const body = `
    let next = await store.revision()
    const write = async () => {
      for (;;) {
        const number = next++
        await store.write([create('/left/' + number, 500), create('/right/' + number, 3000)])
        say(String(number))
      }
    }
    for (let writer = 0; writer < 8; writer++) write()`
  const acknowledged = new Set<string>()
  for (let round = 0; round < 10; round++) {
    const child = startWriter(directory, body)
    const exited = new Promise(resolve => child.once('exit', resolve))
    const quota = acknowledged.size + 20 + round * 7
    for await (const line of createInterface(child.stdout)) {
      acknowledged.add(line)
      if (acknowledged.size === quota) child.kill('SIGKILL')
    }
    await exited
  }
  const store = await openLMDBStore(directory)
  const numbers = async (prefix: string) =>
    (await store.list({ prefix })).entries.map(({ key }) => key.slice(prefix.length))
  const left = await numbers('/left/')
  expect(left).toEqual(await numbers('/right/'))
  expect([...acknowledged].filter(number => !left.includes(number))).toEqual([])
  expect(acknowledged.size).toBeGreaterThanOrEqual(500)
  await store.close()
}, 60_000)

test('A full disk is NoSpace; reads go on, and so do writes that fit', async () => {
  const body = `
    let written = 0
    let failure
    for (let number = 0; number < 100 && !failure; number++) {
      const sizes = [number, 'x' + number].map(name => store.write([create('/' + name, 50_000)]))
      for (const outcome of await Promise.allSettled(sizes)) {
        if (outcome.status === 'fulfilled') written++
        else failure = outcome.reason
      }
    }
    const { entries, revision } = await store.list({ prefix: '' })
    const small = await store.write([create('/small', 10)])
    say(JSON.stringify([failure.code, failure.message, entries.length === written, small - revision]))
    await store.close()`
  const directory = join(scratch, 'full')
  const child = startWriter(directory, body, 1024)
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) lines.push(line)
  expect(lines.map(line => JSON.parse(line))).toEqual([
    ['NoSpace', `Cannot write to ${directory}: there is no space left for it`, true, 1],
  ])
}, 10_000)

test('A directory that cannot be one is Unavailable with the reason', async () => {
  const file = join(scratch, 'file')
  writeFileSync(file, '')
  await expect(openLMDBStore(join(file, 'store'))).rejects.toMatchObject({ code: 'Unavailable' })
  await expect(openLMDBStore(file)).rejects.toThrow(`Cannot open the store in ${file}: `)
})

test('Pages that were overwritten are said to be damaged, not what LMDB makes of them', async () => {
  const directory = join(scratch, 'overwritten')
  const store = await openLMDBStore(directory)
  for (let index = 0; index < 40; index++) {
    await store.write([{ type: 'create', key: `/a/${index}`, value: Buffer.alloc(1000, 'x') }])
  }
  await store.close()
  // Both metas stay, and name pages of which nothing is left.
  const path = join(directory, 'data.mdb')
  writeFileSync(path, readFileSync(path).fill(0xff, 2 * 8192))
  await expect(openLMDBStore(directory)).rejects.toMatchObject({
    code: 'Corrupt',
    message: expect.stringMatching(/^Cannot (read|open) the store in .*: data\.mdb is damaged$/),
  })
})
