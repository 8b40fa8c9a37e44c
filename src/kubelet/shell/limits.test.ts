// Scripts that mean harm to the process that runs them: each comes to an end, or to be ended, and leaves
// room for the others.
import { expect, test } from 'vitest'
import { systemClock } from '../../component/clock.ts'
import { ContainerFiles, FileError, FileTree } from '../filesystem.ts'
import { runProcess } from './process.ts'
import { Collector, noInput } from './streams.ts'
import type { World } from './world.ts'

function hostWorld(): World {
  const tree = new FileTree()
  for (const folder of ['tmp', 'bin']) tree.folders.add(folder)
  return {
    files: new ContainerFiles(tree),
    hostname: 'pod01',
    podIPs: ['fd00::4', '10.244.1.4'],
    user: { uid: 0, gid: 0 },
    clock: systemClock,
    resolve: async () => [],
    nameserver: '',
  }
}

async function sh(script: string, signal = new AbortController().signal) {
  const [stdout, stderr] = [new Collector(), new Collector()]
  const world = hostWorld()
  const argv = ['sh', '-c', script]
  const options = {
    argv,
    world,
    variables: new Map(),
    directory: '/',
    signal,
    stdin: noInput,
    stdout,
    stderr,
  }
  const exitCode = await runProcess(options)
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

const cannotFork = "can't fork: Resource temporarily unavailable"
const as = (length: number) => 'a'.repeat(length)

test.each([
  ['x=a; while :; do x=$x$x; done; echo $?', 'sh: out of memory'],
  ["printf '%0999999999d' 1", 'sh: out of memory'],
  ['f(){ (f); }; f', `sh: ${cannotFork}`],
  ['f(){ f | f; }; f', `sh: ${cannotFork}`],
  ['echo "sh /tmp/s" > /tmp/s; sh /tmp/s', `/tmp/s: ${cannotFork}`],
  ['f(){ f; }; f', 'sh: too much recursion'],
])('%s is told what it may not have', async (script, message) => {
  const ending = new AbortController()
  const process = sh(`(${script}) 2>&1 | head -n 1; kill 1`, ending.signal)
  const { stdout } = await process
  expect(stdout).toBe(`${message}\n`)
})

test.each([
  'seq 999999999 > /dev/null',
  'while :; do x=$(yes | head -n 1); done',
  'yes > /dev/null',
  `while :; do echo ${as(40)}! | grep -E '(a+)+$'; done`,
])('%s leaves others their turn, and ends when it is told to', async script => {
  const ending = new AbortController()
  const process = sh(script, ending.signal)
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
  ending.abort()
  expect((await process).exitCode).toBe(143)
})

test.each([
  `echo ${as(40)}! | grep -E '(a+)+$'`,
  `case ${as(5000)} in *a*a*a*a*a*b) echo no;; esac`,
  `echo ${as(100_000)} | cut -c ${'1,'.repeat(50_000)}1`,
])('%# Work without end is killed', async script => {
  expect(await sh(script)).toEqual({ exitCode: 137, stdout: '', stderr: '' })
})

test('A tree of files is full at some point, and has room again when one is gone', () => {
  const tree = new FileTree()
  const files = new ContainerFiles(tree)
  const large = Buffer.alloc(100 * 1024 * 1024)
  files.write('/a', large)
  files.write('/b', large)
  files.write('/b', large)
  expect(() => files.write('/c', large)).toThrow(new FileError('ENOSPC'))
  files.remove('/a')
  files.write('/c', large)
  for (let index = 2; index < 50_000; index++) tree.folders.add(String(index))
  expect(() => files.write('/d', Buffer.alloc(0))).toThrow('No space left on device')
  expect(() => files.makeFolder('/d')).toThrow('No space left on device')
})
