import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Container, Pod, Secret } from '../../api/generated/types.ts'
import { type Clock, FakeClock, systemClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import type { References } from '../references.ts'
import type { ContainerEnvironment, ContainerStart, RuntimeContainer, StartStep } from '../runtime.ts'
import { CRIRuntime } from './cri.ts'
import { FakeCRIServer } from './criserver.fake.ts'

let server: FakeCRIServer
let runtimes: CRIRuntime[] = []
beforeEach(async () => {
  server = new FakeCRIServer()
  server.images.add('busybox')
  await server.listen()
})
afterEach(async () => {
  for (const runtime of runtimes) await runtime.stop()
  runtimes = []
  await server.close()
})

const auth = (username: string) => ({ auths: { 'docker.io': { username, password: 'p' } } })
const references: References = {
  configMap: async () => undefined,
  secret: async (_, name): Promise<Secret> => {
    const data = { '.dockerconfigjson': Buffer.from(JSON.stringify(auth(name))).toString('base64') }
    return { metadata: { name }, data }
  },
  serviceAccountToken: async () => undefined,
}

/** A kubelet's process: several may follow each other on one node. */
async function startRuntime(
  nodeAddresses = ['172.20.0.4', 'fd00:172:20::4'],
  clock: Clock = systemClock,
): Promise<CRIRuntime> {
  const runtime = new CRIRuntime({
    clock,
    log: silentLogger,
    socketPath: server.socketPath,
    rootDir: server.folder,
    nodeAddresses,
    references,
    runtimeHandler: async className => (className === 'gvisor' ? 'runsc' : undefined),
  })
  await runtime.start()
  runtimes.push(runtime)
  return runtime
}

const main: Container = { name: 'main', image: 'busybox' }
const pod: Pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [main] } }
const environment: ContainerEnvironment = {
  podIPs: [],
  hosts: '',
  resolvConf: '',
  hostname: 'p',
  variables: [],
  command: undefined,
  args: undefined,
  workingDirectory: undefined,
  mounts: [],
}
const sandbox = { hostname: 'p', dns: { nameservers: [], searches: [], options: [] } }
const reference = { namespace: 'n', pod: 'p', uid: 'u', container: 'main' }

function startOf(attempt = 0, container = main, steps: StartStep[] = []): ContainerStart {
  const report = (step: StartStep) => void steps.push(step)
  return { pod, container, kind: 'main', attempt, environment: async () => environment, report }
}

const nextExit = (runtime: CRIRuntime) =>
  new Promise<readonly RuntimeContainer[]>(resolve => {
    runtime.onExit(uid => resolve(runtime.containers(uid)))
  })

describe('A Pod', () => {
  test('gets a sandbox with addresses in the order of the node, then its container', async () => {
    const runtime = await startRuntime()
    expect(await runtime.createSandbox(pod, sandbox)).toEqual(['10.244.0.2', 'fd00:10:244::2'])
    expect(await runtime.createSandbox(pod, sandbox)).toEqual(['10.244.0.2', 'fd00:10:244::2'])
    expect(server.sandboxes.size).toBe(1)
    const steps: StartStep[] = []
    const run = await runtime.startContainer(startOf(0, main, steps))
    expect(steps).toEqual([{ type: 'present' }, { type: 'created' }])
    expect(run).toEqual({
      name: 'main',
      id: 'containerd://container2',
      image: 'docker.io/library/busybox:latest',
      imageID: '',
      attempt: 0,
      startedAt: '1970-01-01T00:00:01Z',
    })
    expect(runtime.containers('u')).toEqual([run])
    expect(await runtime.pods()).toEqual([{ uid: 'u', namespace: 'n', name: 'p' }])
    expect(await runtime.usage()).toEqual([
      {
        uid: 'u',
        namespace: 'n',
        name: 'p',
        containers: [
          {
            name: 'main',
            timeMs: 5,
            startedAt: '1970-01-01T00:00:01Z',
            cpuNanoseconds: 7,
            memoryWorkingSetBytes: 9,
          },
        ],
      },
    ])
  })

  test('on a node that prefers IPv6 has its IPv6 address first; in its network, the node’s own', async () => {
    const runtime = await startRuntime(['fd00:172:20::4', '172.20.0.4'])
    expect(await runtime.createSandbox(pod, sandbox)).toEqual(['fd00:10:244::2', '10.244.0.2'])
    const inNetwork = { metadata: { ...pod.metadata, uid: 'v' }, spec: { containers: [], hostNetwork: true } }
    expect(await runtime.createSandbox(inNetwork, sandbox)).toEqual(['fd00:172:20::4', '172.20.0.4'])
  })

  test('is told of when its container ends, with the message it left', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    await runtime.startContainer(startOf())
    await writeFile(`${server.folder}/pods/u/containers/main/0`, 'last words')
    const exit = nextExit(runtime)
    server.exit('container2', 3)
    expect((await exit)[0]?.exit).toEqual({
      exitCode: 3,
      finishedAt: '1970-01-01T00:00:02Z',
      reason: 'Error',
      message: 'last words',
    })
  })

  test('loses its network once, however many ask for that', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    await Promise.all([runtime.stopSandbox('u'), runtime.removePod('u'), runtime.stopSandbox('u')])
    expect(server.stoppedSandboxes).toHaveLength(1)
    expect(server.sandboxes.size).toBe(0)
  })

  test('whose runtime is late to notice the end of a container has ended all the same', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    await runtime.startContainer(startOf())
    server.staleAnswers = 3
    await runtime.stopContainer('u', 'main', 5)
    expect(runtime.containers('u')[0]?.exit).toMatchObject({ exitCode: 143 })
  })

  test('is stopped, and removed with its logs', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    await runtime.startContainer(startOf())
    await runtime.stopContainer('u', 'main', 5)
    expect(runtime.containers('u')[0]?.exit).toMatchObject({ exitCode: 143 })
    await runtime.stopSandbox('u')
    expect(runtime.hasSandbox('u')).toBe(false)
    expect(await readdir(`${server.folder}/logs`)).toEqual(['n_p_u'])
    await runtime.removePod('u')
    await runtime.removePod('u')
    expect(await readdir(`${server.folder}/logs`)).toEqual([])
    expect([server.sandboxes.size, server.containers.size]).toEqual([0, 0])
    expect(await runtime.pods()).toEqual([])
  })

  test('whose sandbox is lost gets another one', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    await runtime.startContainer(startOf())
    const lost = new Promise(resolve => {
      runtime.onExit(resolve)
    })
    server.exit('sandbox1')
    expect(await lost).toBe('u')
    expect(runtime.hasSandbox('u')).toBe(false)
    await runtime.createSandbox(pod, sandbox)
    expect([...server.sandboxes.values()].map(({ config }) => config.metadata?.attempt)).toEqual([0, 1])
    // The kubelet counts from the beginning, the runtime from what it has.
    expect((await runtime.startContainer(startOf(0))).attempt).toBe(1)
    await runtime.removePod('u')
    expect(server.sandboxes.size).toBe(0)
  })

  test('that goes while its sandbox is made leaves nothing', async () => {
    const runtime = await startRuntime()
    const made = runtime.createSandbox(pod, sandbox)
    await runtime.removePod('u')
    await made
    expect(server.sandboxes.size).toBe(0)
  })

  test('that cannot have a sandbox says why', async () => {
    const runtime = await startRuntime()
    server.failures.set('runPodSandbox', 'cni plugin not initialized')
    await expect(runtime.createSandbox(pod, sandbox)).rejects.toMatchObject({
      reason: 'FailedCreatePodSandBox',
      message: 'Failed to create pod sandbox: rpc error: code = Unknown desc = cni plugin not initialized',
    })
  })
})

test('What keeps a Pod apart is not passed over: runtime classes and user namespaces', async () => {
  const runtime = await startRuntime()
  const withSpec = (uid: string, extra: object) =>
    runtime.createSandbox(
      { metadata: { ...pod.metadata, uid }, spec: { containers: [main], ...extra } },
      sandbox,
    )
  await withSpec('a', { runtimeClassName: 'gvisor' })
  expect(server.handlers).toEqual(['runsc'])
  await expect(withSpec('b', { runtimeClassName: 'kata' })).rejects.toThrow(
    'Failed to create pod sandbox: RuntimeClass "kata" not found',
  )
  await expect(withSpec('c', { hostUsers: false })).rejects.toThrow('user namespaces are not supported')
  expect(server.sandboxes.size).toBe(1)
})

describe('A container', () => {
  test('keeps its last two runs, for logs of the previous one', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    for (const attempt of [0, 1, 2]) {
      await runtime.startContainer(startOf(attempt))
      await mkdir(`${server.folder}/logs/n_p_u/main`, { recursive: true })
      const line = `2026-01-01T00:00:00Z stdout F run ${attempt}\n`
      await writeFile(`${server.folder}/logs/n_p_u/main/${attempt}.log`, line)
      if (attempt < 2) await runtime.stopContainer('u', 'main', 0)
    }
    expect([...server.containers.keys()]).toEqual(['container3', 'container4'])
    const { signal } = new AbortController()
    const read = async (previous: boolean) => {
      const chunks = await (await runtime.logs(reference, { previous }, signal)).toArray()
      return Buffer.concat(chunks).toString()
    }
    expect(await read(false)).toBe('run 2\n')
    expect(await read(true)).toBe('run 1\n')
    await expect(runtime.logs({ ...reference, container: 'x' }, { previous: true }, signal)).rejects.toThrow(
      'previous terminated container "x" in pod "p" not found',
    )
  })

  test('that cannot be made or started says why', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    server.failures.set('createContainer', 'no such device')
    const created = runtime.startContainer(startOf())
    await expect(created).rejects.toMatchObject({ reason: 'CreateContainerError', message: 'no such device' })
    server.failures.clear()
    server.failures.set('startContainer', 'executable file not found')
    await expect(runtime.startContainer(startOf())).rejects.toMatchObject({
      reason: 'RunContainerError',
      message: 'executable file not found',
    })
    // It counts as a run all the same.
    expect(runtime.containers('u')).toMatchObject([{ name: 'main', attempt: 0 }])
  })

  test('runs commands for probes; one that has ended does not', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    await runtime.startContainer(startOf())
    const options = { timeoutMs: 60_000 }
    const result = await runtime.run(reference, ['a', 'b'], options)
    expect(result).toEqual({ type: 'exited', exitCode: 3, output: 'a b!' })
    await runtime.stopContainer('u', 'main', 0)
    expect(await runtime.run(reference, ['a'], options)).toEqual({
      type: 'failed',
      message: 'container not found ("main")',
    })
  })
})

describe('An image', () => {
  const image = (policy: string, name = 'nginx') => ({ ...main, image: name, imagePullPolicy: policy })

  test('that is not there is pulled, with the secrets of the Pod', async () => {
    const runtime = await startRuntime()
    server.registry.add('nginx')
    await runtime.createSandbox(pod, sandbox)
    const steps: StartStep[] = []
    const start = startOf(0, image('IfNotPresent'), steps)
    const spec = { ...pod.spec!, imagePullSecrets: [{ name: 'alice' }] }
    await runtime.startContainer({ ...start, pod: { ...pod, spec } })
    expect(server.calls.filter(call => call.startsWith('as '))).toEqual(['as alice'])
    expect(steps.map(({ type }) => type)).toEqual(['pulling', 'pulled', 'created'])
  })

  test('is pulled always, or never, if the policy says so', async () => {
    const runtime = await startRuntime()
    server.registry.add('busybox')
    await runtime.createSandbox(pod, sandbox)
    await runtime.startContainer(startOf(0, image('Always', 'busybox')))
    expect(server.calls).toContain('as nobody')
    await expect(runtime.startContainer(startOf(0, { ...image('Never'), name: 'b' }))).rejects.toMatchObject({
      reason: 'ErrImageNeverPull',
      message: 'Container image "nginx" is not present with pull policy of Never',
    })
    const broken = runtime.startContainer(startOf(0, { ...image('Never', 'A B'), name: 'c' }))
    await expect(broken).rejects.toMatchObject({ reason: 'InvalidImageName' })
  })

  test('that cannot be pulled is not asked for again at once', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    server.failures.set('pullImage', 'no such host')
    const start = () => runtime.startContainer(startOf(0, image('IfNotPresent')))
    await expect(start()).rejects.toMatchObject({ reason: 'ErrImagePull', message: 'no such host' })
    await expect(start()).rejects.toMatchObject({
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "nginx": ErrImagePull: no such host',
    })
    expect(server.calls.filter(call => call === 'pullImage')).toHaveLength(1)
  })
})

describe('A kubelet that is started again', () => {
  test('finds its Pods with their containers, and what has ended meanwhile', async () => {
    const first = await startRuntime()
    await first.createSandbox(pod, sandbox)
    const run = await first.startContainer(startOf())
    const other = await first.startContainer(startOf(0, { ...main, name: 'other' }))
    await first.stop()
    server.exit('container3', 1)
    const second = await startRuntime()
    expect(await second.pods()).toEqual([{ uid: 'u', namespace: 'n', name: 'p' }])
    expect(await second.createSandbox(pod, sandbox)).toEqual(['10.244.0.2', 'fd00:10:244::2'])
    expect(server.sandboxes.size).toBe(1)
    expect(await second.adoptContainer(startOf(), run)).toEqual(run)
    const ended = await second.adoptContainer(startOf(), other)
    expect(ended?.exit).toMatchObject({ exitCode: 1, reason: 'Error' })
    expect(await second.adoptContainer(startOf(), { ...run, id: 'containerd://gone' })).toBeUndefined()
    // A start that nobody could tell the API of.
    expect(await second.startContainer(startOf(0))).toEqual(run)
  })

  test('clears away what was made and never started', async () => {
    const first = await startRuntime()
    await first.createSandbox(pod, sandbox)
    server.failures.set('startContainer', 'no')
    await first.startContainer(startOf()).catch(() => undefined)
    await first.stop()
    await startRuntime()
    expect(server.containers.size).toBe(0)
  })
})

describe('A runtime that is killed and comes back', () => {
  test('is asked what has happened meanwhile', async () => {
    const runtime = await startRuntime()
    await runtime.createSandbox(pod, sandbox)
    await runtime.startContainer(startOf())
    await server.kill()
    expect(await runtime.notReady()).toContain('container runtime is down')
    server.exit('container2', 9)
    const exit = nextExit(runtime)
    await server.listen()
    expect((await exit)[0]?.exit?.exitCode).toBe(9)
    expect(await runtime.version()).toBe('containerd://1.6.20')
    expect(await runtime.notReady()).toBe(
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:none',
    )
  })
})

test('A runtime that tells of nothing is asked every second', async () => {
  server.hasEvents = false
  const clock = new FakeClock()
  const runtime = await startRuntime(undefined, clock)
  await runtime.createSandbox(pod, sandbox)
  await runtime.startContainer(startOf())
  let exit: readonly RuntimeContainer[] | undefined
  void nextExit(runtime).then(runs => {
    exit = runs
  })
  server.exit('container2', 4)
  while (!exit) await clock.advance(1000)
  expect(exit[0]?.exit?.exitCode).toBe(4)
})
