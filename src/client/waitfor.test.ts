import { describe, expect, test } from 'vitest'
import type { ConfigMap } from '../api/generated/types.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import type { Transport, WatchHandlers } from '../api/transport.ts'
import { FakeClock } from '../component/clock.ts'
import { Client } from './client.ts'
import { waitForObject } from './waitfor.ts'

const named = (data: Record<string, string>): ConfigMap => ({
  metadata: { name: 'a', namespace: 'ns' },
  data,
})

/** The far end of the wire, played by the test: lists one object, and keeps the watch that is open. */
class Server implements Transport {
  items: ConfigMap[] = []
  watcher: WatchHandlers<ConfigMap> | undefined
  closed = 0

  async request() {
    const body = { metadata: { resourceVersion: '7' }, items: this.items }
    return { status: 200, warnings: [], body: body as never }
  }

  async watch(_: unknown, handlers: unknown) {
    this.watcher = handlers as WatchHandlers<ConfigMap>
    return { close: () => void this.closed++ }
  }
}

async function waiting(until: (object: ConfigMap | undefined) => boolean, items: ConfigMap[] = []) {
  const server = new Server()
  server.items = items
  const clock = new FakeClock()
  const client = new Client(server)
  const target = { client, clock, resource: configMaps, namespace: 'ns', name: 'a', until, timeoutMs: 5000 }
  const outcome = waitForObject(target).catch((error: unknown) => error)
  await clock.advance(0)
  return { server, clock, outcome }
}

const isDone = (object: ConfigMap | undefined) => object?.data?.state === 'done'

describe('waitForObject()', () => {
  test('needs no watch for what is there already', async () => {
    const { server, outcome } = await waiting(isDone, [named({ state: 'done' })])
    expect(await outcome).toEqual(named({ state: 'done' }))
    expect(server.watcher).toBeUndefined()
  })

  test('sees it in the watch, and closes that', async () => {
    const { server, outcome } = await waiting(isDone)
    server.watcher!.onEvents([{ type: 'ADDED', object: named({ state: 'new' }) }])
    server.watcher!.onEvents([{ type: 'MODIFIED', object: named({ state: 'done' }) }])
    expect(await outcome).toEqual(named({ state: 'done' }))
    expect(server.closed).toBe(1)
  })

  test('sees that it is gone', async () => {
    const { server, outcome } = await waiting(object => object === undefined, [named({})])
    server.watcher!.onEvents([{ type: 'DELETED', object: named({}) }])
    expect(await outcome).toBeUndefined()
  })

  test('looks again when the watch ends', async () => {
    const { server, clock, outcome } = await waiting(isDone)
    server.items = [named({ state: 'done' })]
    server.watcher!.onEnd()
    await clock.advance(0)
    await clock.advance(1000)
    expect(await outcome).toEqual(named({ state: 'done' }))
  })

  test('ends with what the condition throws, and leaves whoever delivers the events alone', async () => {
    const hopeless = new Error('the image cannot be pulled')
    const { server, outcome } = await waiting(object => {
      if (object) throw hopeless
      return false
    })
    expect(() => server.watcher!.onEvents([{ type: 'ADDED', object: named({}) }])).not.toThrow()
    expect(await outcome).toBe(hopeless)
    expect(server.closed).toBe(1)
  })

  test('gives up when its time is over', async () => {
    const { clock, outcome } = await waiting(isDone)
    await clock.advance(5000)
    expect((await outcome) as Error).toMatchObject({
      name: 'WaitTimeout',
      message: 'configmaps a was not as wanted within 5 s',
    })
  })
})
