// What the controllers' tests share: some controllers at work on a server of their own, and a clock that
// the test moves.
import type { Pod } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { Client } from '../client/client.ts'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import type { Controller } from './controller.ts'
import { ControllerManager } from './manager.ts'
import { pods } from './resources.ts'
import { TestServer } from './testserver.fake.ts'

export const namespace = 'ns'

export async function startControllers(controllers: readonly Controller[]) {
  const server = new TestServer()
  const client = new Client(server)
  const clock = new FakeClock()
  const problems: string[] = []
  const note = (message: string, fields?: unknown) =>
    void problems.push(`${message} ${JSON.stringify(fields)}`)
  const log = { ...silentLogger, warn: note, error: note, child: () => log }
  const manager = new ControllerManager({ client, clock, controllers, log })
  await manager.start()
  const world = { server, client, clock, manager, problems }
  return {
    ...world,
    settle: () => settle(world),
    list: <T extends KubeObject>(resource: Resource<T>) => list(client, resource),
    events: () => events(world),
    setPods: (ready: boolean) => setPods(client, ready),
  }
}

/** Lets everything that is due happen, without moving the clock. */
async function settle({ server, clock }: { server: TestServer; clock: FakeClock }): Promise<void> {
  let before = -1
  for (let quiet = 0; quiet < 4; ) {
    await clock.advance(0)
    quiet = server.requests.length === before ? quiet + 1 : 0
    before = server.requests.length
  }
}

async function list<T extends KubeObject>(client: Client, resource: Resource<T>): Promise<T[]> {
  return [...(await client.list(resource)).items]
}

/** `reason: message`, in the order they were written. */
async function events({
  client,
  manager,
}: {
  client: Client
  manager: ControllerManager
}): Promise<string[]> {
  await manager.eventsFlushed()
  const { body } = await client.transport.request<{ items: { reason: string; message: string }[] }>({
    method: 'GET',
    path: '/api/v1/events',
  })
  return body.items.map(({ reason, message }) => `${reason}: ${message}`)
}

/** As a kubelet would: every Pod that is not going away runs, and is ready or not. */
async function setPods(client: Client, ready: boolean): Promise<void> {
  for (const pod of await list<Pod>(client, pods)) {
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }]
    const status = { ...pod.status, phase: 'Running', conditions }
    const isSame = JSON.stringify(pod.status) === JSON.stringify(status)
    if (!isSame && !pod.metadata.deletionTimestamp) await client.updateStatus(pods, { ...pod, status })
  }
}
