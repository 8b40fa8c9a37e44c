import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { openLMDBStore } from './lmdb.ts'

const directory = mkdtempSync(join(tmpdir(), 'futago-owner-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Opens the store in a process of its own, which keeps it open until it is killed. */
async function openElsewhere() {
  const program = `
    import { openLMDBStore } from ${JSON.stringify(fileURLToPath(new URL('./lmdb.ts', import.meta.url)))}
    const store = await openLMDBStore(${JSON.stringify(directory)})
    process.stdout.write(String(await store.revision()))
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await new Promise(resolve => child.stdout.once('data', resolve))
  return child
}

test('A store that another process has open is refused, naming it, until that is killed', async () => {
  const other = await openElsewhere()
  await expect(openLMDBStore(directory)).rejects.toMatchObject({
    code: 'Unavailable',
    message: `Cannot open the store in ${directory}: process ${other.pid} has it open; stop that one first`,
  })
  const exited = new Promise(resolve => other.once('exit', resolve))
  other.kill('SIGKILL')
  await exited
  const store = await openLMDBStore(directory)
  await store.close()
})

test('A store that this process has open is refused', async () => {
  const store = await openLMDBStore(directory)
  await expect(openLMDBStore(directory)).rejects.toThrow(
    `Cannot open the store in ${directory}: this process (pid ${process.pid}) has it open`,
  )
  await store.close()
  const again = await openLMDBStore(directory)
  await again.close()
})
