// What the controllers' tests share: controllers at work on a real API server over a memory store, and a
// clock that the test moves.

import type { CoreV1Event, Pod } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { events as eventResource } from '../api/resources/core/event.ts'
import { isConflict, isNotFound } from '../api/status.ts'
import type { Transport, TransportRequest, WatchHandlers } from '../api/transport.ts'
import { openTestServer } from '../apiserver/apiserver.fake.ts'
import type { User } from '../apiserver/registry/registry.ts'
import { Client } from '../client/client.ts'
import type { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import type { IPFamilies } from '../ip/family.ts'
import type { Controller } from './controller.ts'
import { ControllerManager } from './manager.ts'
import { namespaces, pods, serviceAccounts } from './resources.ts'

export const namespace = 'ns'
const admin = { name: 'admin', groups: ['system:masters'] }
const serviceRanges = { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' }
const advertiseAddresses = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }

/** A transport whose writes are noted, and whose watches can be held back. */
class ObservedTransport implements Transport {
  readonly requests: string[] = []
  lagging = false
  readonly #inner: Transport
  #held: (() => void)[] = []

  constructor(inner: Transport) {
    this.#inner = inner
  }

  catchUp() {
    this.lagging = false
    for (const deliver of this.#held.splice(0)) deliver()
  }

  request<T = KubeObject>(request: TransportRequest) {
    if (request.method !== 'GET') this.requests.push(`${request.method} ${request.path}`)
    return this.#inner.request<T>(request)
  }

  watch<T = KubeObject>(request: TransportRequest, handlers: WatchHandlers<T>) {
    return this.#inner.watch<T>(request, {
      onEnd: handlers.onEnd,
      onEvents: events => {
        const deliver = () => handlers.onEvents(events)
        if (this.lagging) this.#held.push(deliver)
        else deliver()
      },
    })
  }
}

interface World {
  readonly server: ObservedTransport
  readonly client: Client
  readonly clock: FakeClock
  readonly manager: ControllerManager
}

export async function startControllers(
  controllers: readonly Controller[],
  families: IPFamilies = ['IPv4', 'IPv6'],
) {
  const [primary = 'IPv4'] = families
  const opened = await openTestServer({
    serviceClusterIPRanges: families.map(family => serviceRanges[family]),
    advertiseAddress: advertiseAddresses[primary],
  })
  const { clock } = opened
  const server = new ObservedTransport(opened.server.transport(admin))
  const client = new Client(server)
  await client.create(namespaces, { metadata: { name: namespace } })
  await client.create(serviceAccounts, { metadata: { namespace, name: 'default' } })
  server.requests.length = 0
  const problems: string[] = []
  const note = (message: string, fields?: unknown) =>
    void problems.push(`${message} ${JSON.stringify(fields)}`)
  const log = { ...silentLogger, warn: note, error: note, child: () => log }
  const manager = new ControllerManager({ client, clock, controllers, log })
  await manager.start()
  const world = { server, client, clock, manager }
  return {
    ...world,
    /** As somebody else, unobserved. */
    serverFor: (user: User) => opened.server.transport(user),
    problems,
    settle: () => settle(world),
    list: <T extends KubeObject>(resource: Resource<T>) => list(client, resource),
    events: () => events(world),
    setPods: (ready: boolean) => setPods(world, ready),
  }
}

/** Lets everything that is due happen, without moving the clock. */
async function settle({ server, clock }: World): Promise<void> {
  let before = -1
  for (let quiet = 0; quiet < 4; ) {
    await clock.advance(0)
    quiet = server.requests.length === before ? quiet + 1 : 0
    before = server.requests.length
  }
}

async function list<T extends KubeObject>(client: Client, resource: Resource<T>): Promise<T[]> {
  const { items } = await client.list(resource)
  return items.filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace)
}

/** `reason: message`, in the order they were written. */
async function events({ client, manager }: World): Promise<string[]> {
  await manager.eventsFlushed()
  const { items } = await client.list<CoreV1Event>(eventResource)
  return items
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map(({ reason, message }) => `${reason}: ${message}`)
}

/** As a kubelet would: every Pod that is not going away runs, and is ready or not. */
async function setPods({ client, clock }: World, ready: boolean): Promise<void> {
  for (const pod of await list<Pod>(client, pods)) {
    const now = new Date(clock.now()).toISOString()
    const status = ready ? 'True' : 'False'
    const isSame = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === status
    if (isSame || pod.metadata.deletionTimestamp) continue
    const conditions = [{ type: 'Ready', status, lastTransitionTime: now }]
    const wanted = { ...pod, status: { ...pod.status, phase: 'Running', conditions } }
    // A controller may have been quicker, and have changed or taken it.
    await client.updateStatus(pods, wanted).catch(error => {
      if (!isConflict(error) && !isNotFound(error)) throw error
    })
  }
}
