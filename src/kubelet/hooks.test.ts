import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { LifecycleHandler } from '../api/generated/types.ts'
import { FakeClock } from '../component/clock.ts'
import { type HookContext, runHook } from './hooks.ts'
import { NetworkProbes } from './networkprobes.ts'

let server: Server | undefined
afterEach(() => void server?.close())

const clock = new FakeClock()
const context = (options: Partial<HookContext> = {}): HookContext => ({
  clock,
  container: { name: 'c', ports: [{ name: 'web', containerPort: 1 }] },
  run: async (_container, command) => ({ type: 'exited', exitCode: Number(command[0]), output: '' }),
  host: 'localhost',
  timeoutMs: 5000,
  signal: new AbortController().signal,
  ...options,
})

test.each([
  [{ exec: { command: ['0'] } }, true],
  [{ exec: { command: ['3'] } }, false],
  [{ httpGet: { port: 80 } }, true],
  [{}, true],
])('The hook %j on a simulated node works: %s', async (handler: LifecycleHandler, works) => {
  expect(await runHook(handler, context())).toBe(works)
})

test('Over HTTP any answer will do, and none will not', async () => {
  server = createServer((_request, response) => void response.writeHead(500).end())
  await new Promise<void>(resolve => server?.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  const network = new NetworkProbes(clock)
  expect(await runHook({ httpGet: { port } }, context({ network }))).toBe(true)
  await new Promise(resolve => server?.close(resolve))
  expect(await runHook({ httpGet: { port } }, context({ network }))).toBe(false)
})

test('A hook that sleeps works when it has slept, and not when it is interrupted or too slow', async () => {
  const slept = runHook({ sleep: { seconds: 2 } }, context())
  await clock.advance(2000)
  expect(await slept).toBe(true)
  const interruption = new AbortController()
  const interrupted = runHook({ sleep: { seconds: 2 } }, context({ signal: interruption.signal }))
  interruption.abort()
  expect(await interrupted).toBe(false)
  const slow = runHook({ exec: { command: ['0'] } }, context({ run: () => new Promise(() => undefined) }))
  await clock.advance(5000)
  expect(await slow).toBe(false)
})
