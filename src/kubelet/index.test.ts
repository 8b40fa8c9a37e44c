import type { Readable } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import type { Pod } from '../api/generated/types.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import type { IPFamilies } from '../ip/family.ts'
import { namespace, settle, startTestCluster } from './cluster.fake.ts'

type TestCluster = Awaited<ReturnType<typeof startTestCluster>>
let cluster: TestCluster
const start = async (families?: IPFamilies) => {
  cluster = await startTestCluster(families)
  return cluster
}
afterEach(() => cluster.stop())

async function textOf(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const reference = (pod: Pod, container = 'c') => ({
  namespace,
  pod: pod.metadata.name ?? '',
  uid: pod.metadata.uid ?? '',
  container,
})
const never = new AbortController().signal

async function logs(pod: Pod, options = {}, container = 'c'): Promise<string> {
  const connection = await cluster.connect()
  return textOf(await connection.logs(reference(pod, container), options, never))
}

async function exec(pod: Pod, command: readonly string[], input?: string) {
  const connection = await cluster.connect()
  const options = { command, stdin: input !== undefined, stdout: true, stderr: true, tty: false }
  const session = await connection.exec(reference(pod), options)
  if (input !== undefined) session.stdin?.end(input)
  const [stdout, stderr] = await Promise.all([textOf(session.stdout), textOf(session.stderr)])
  return { stdout, stderr, outcome: await session.outcome }
}

const conditions = (pod: Pod) => pod.status?.conditions?.map(({ type, status }) => `${type}=${status}`)
const state = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state

test.each<[IPFamilies, string[], string[]]>([
  [['IPv4'], ['172.20.0.4'], ['10.244.1.2']],
  [['IPv6'], ['fd00:172:20::4'], ['fd00:10:244:1::2']],
  [
    ['IPv4', 'IPv6'],
    ['172.20.0.4', 'fd00:172:20::4'],
    ['10.244.1.2', 'fd00:10:244:1::2'],
  ],
  [
    ['IPv6', 'IPv4'],
    ['fd00:172:20::4', '172.20.0.4'],
    ['fd00:10:244:1::2', '10.244.1.2'],
  ],
])(
  'With %j node and Pod have an address per family, everywhere in this order',
  async (families, host, own) => {
    const { run, client, ready } = await start(families)
    await ready()
    const node = await client.get(nodes, { name: 'node1' })
    expect(node.status?.addresses?.map(({ type, address }) => `${type}: ${address}`)).toEqual([
      'Hostname: node1',
      ...host.map(ip => `InternalIP: ${ip}`),
    ])
    const env = [{ name: 'MY_POD_IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } }]
    const pod = await run('pod01', { containers: [{ name: 'c', image: 'nginx', env }] })
    expect(pod.status?.podIPs?.map(({ ip }) => ip)).toEqual(own)
    expect(pod.status?.hostIPs?.map(({ ip }) => ip)).toEqual(host)
    const { stdout } = await exec(pod, ['set'])
    expect(stdout.split('\n')).toContain(`MY_POD_IPS=${own.join(',')}`)
    const file = await exec(pod, ['cat', '/etc/hosts'])
    expect(file.stdout.split('\n').slice(-own.length - 1, -1)).toEqual(own.map(ip => `${ip}\tpod01`))
    const inNodeNetwork = await run('hosted', { hostNetwork: true })
    expect(inNodeNetwork.status?.podIPs?.map(({ ip }) => ip)).toEqual(host)
  },
)

test('A node is registered tainted, and Ready once it has its ranges', async () => {
  const { client } = await start()
  const node = await client.get(nodes, { name: 'node1' })
  expect(node.spec?.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])
  expect(node.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
    'MemoryPressure=False KubeletHasSufficientMemory',
    'DiskPressure=False KubeletHasNoDiskPressure',
    'PIDPressure=False KubeletHasSufficientPID',
    'Ready=True KubeletReady',
  ])
  expect(node.status?.nodeInfo).toMatchObject({
    kubeletVersion: 'v1.36.0',
    containerRuntimeVersion: 'simulated://0.1.0',
    operatingSystem: 'linux',
  })
})

test('A Pod becomes Running and Ready in one write, with events', async () => {
  const { run, events } = await start()
  const pod = await run('web', {})
  expect(pod.status?.phase).toBe('Running')
  expect(conditions(pod)).toEqual([
    'PodReadyToStartContainers=True',
    'Initialized=True',
    'Ready=True',
    'ContainersReady=True',
    'PodScheduled=True',
  ])
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    name: 'c',
    ready: true,
    started: true,
    restartCount: 0,
    image: 'docker.io/library/nginx:latest',
    containerID: expect.stringMatching(/^simulated:\/\/[0-9a-f]{64}$/),
    state: { running: { startedAt: '2026-01-01T12:00:00Z' } },
  })
  const image = 'Image size: 40599965 bytes.'
  expect(await events()).toEqual([
    'Pulling: Pulling image "nginx"',
    `Pulled: Successfully pulled image "nginx" in 1ms (1ms including waiting). ${image}`,
    'Created: Container created',
    'Started: Container started',
  ])
  const present = { name: 'c', image: 'nginx:1.27', imagePullPolicy: 'IfNotPresent' }
  await run('other', { containers: [present] })
  expect(await events()).toContain(
    'Pulled: Container image "nginx:1.27" already present on machine and can be accessed by the pod',
  )
})

test('Init containers run one after the other before the main ones', async () => {
  const { run, pass, pod } = await start()
  const initContainers = [
    { name: 'i1', image: 'busybox', command: ['sleep', '2'] },
    { name: 'i2', image: 'busybox', command: ['true'] },
  ]
  const waiting = await run('p', { initContainers })
  expect(waiting.status?.phase).toBe('Pending')
  expect(conditions(waiting)).toContain('Initialized=False')
  expect(state(waiting)).toEqual({ waiting: { reason: 'PodInitializing' } })
  await pass(2000)
  const running = await pod('p')
  expect(running.status?.phase).toBe('Running')
  expect(running.status?.initContainerStatuses?.map(({ state: s }) => s?.terminated?.reason)).toEqual([
    'Completed',
    'Completed',
  ])
})

test('A sidecar starts before the main containers and ends after them', async () => {
  const { run, pass, pod } = await start()
  const started = await run('p', {
    restartPolicy: 'Never',
    initContainers: [{ name: 'side', image: 'nginx', restartPolicy: 'Always' }],
    containers: [{ name: 'c', image: 'busybox', command: ['sleep', '3'] }],
  })
  expect(started.status?.phase).toBe('Running')
  expect(started.status?.initContainerStatuses?.[0]).toMatchObject({ ready: true, started: true })
  await pass(3000)
  const ended = await pod('p')
  expect(ended.status?.phase).toBe('Succeeded')
  expect(ended.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0)
})

test.each([
  ['Never', 'exit 0', 'Succeeded', 'Completed'],
  ['Never', 'exit 3', 'Failed', 'Error'],
  ['OnFailure', 'exit 0', 'Succeeded', 'Completed'],
])(
  'With restartPolicy %s a container that does "%s" leaves the Pod %s',
  async (policy, script, phase, reason) => {
    const { run } = await start()
    const containers = [{ name: 'c', image: 'busybox', command: ['sh', '-c', script] }]
    const pod = await run('p', { restartPolicy: policy, containers })
    expect(pod.status?.phase).toBe(phase)
    expect(state(pod)?.terminated).toMatchObject({ reason, exitCode: Number(script.slice(-1)) })
  },
)

test.each([
  [{ image: 'busybox', args: ['echo', 'a'] }, 'a\n'],
  [{ image: 'other', args: ['echo', 'b'] }, 'b\n'],
  [{ image: 'hello-world' }, 'Hello from Docker!\n'],
  [{ image: 'busybox' }, ''],
])('The container %j ends by itself', async (container, text) => {
  const { run } = await start()
  const pod = await run('p', { restartPolicy: 'Never', containers: [{ name: 'c', ...container }] })
  expect(pod.status?.phase).toBe('Succeeded')
  expect(await logs(pod)).toBe(text)
})

test.each([
  { image: 'nginx' },
  { image: 'a', args: ['serve', '--port=80'] },
  { image: 'b', command: ['/app/server'] },
])('The container %j is a server and runs on', async container => {
  const { run, pass, pod } = await start()
  await run('p', { restartPolicy: 'Never', containers: [{ name: 'c', ...container }] })
  await pass(60_000)
  expect((await pod('p')).status?.phase).toBe('Running')
})

test('A container that keeps failing backs off for 10, then 20 seconds', async () => {
  const { run, pass, pod, events } = await start()
  const containers = [{ name: 'c', image: 'busybox', command: ['sh', '-c', 'echo run; exit 1'] }]
  const first = await run('p', { containers })
  const waiting = `back-off 10s restarting failed container=c pod=p_default(${first.metadata.uid})`
  expect(first.status?.phase).toBe('Running')
  expect(state(first)?.waiting).toEqual({ reason: 'CrashLoopBackOff', message: waiting })
  expect(first.status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    lastState: { terminated: { exitCode: 1, reason: 'Error' } },
  })
  await pass(10_000)
  const second = await pod('p')
  expect(second.status?.containerStatuses?.[0]?.restartCount).toBe(2)
  expect(state(second)?.waiting?.message).toContain('back-off 20s')
  expect(await logs(second, { previous: true })).toBe('run\n')
  expect(await events()).toContain(
    `BackOff: Back-off restarting failed container c in pod p_default(${first.metadata.uid})`,
  )
})

test('What a container writes is in its log; its last words are in its status', async () => {
  const { run } = await start()
  const command = ['sh', '-c', 'echo hello $(NAME); echo bye > /dev/termination-log; exit 2']
  const containers = [{ name: 'c', image: 'busybox', command, env: [{ name: 'NAME', value: 'you' }] }]
  const pod = await run('p', { restartPolicy: 'Never', containers })
  expect(await logs(pod)).toBe('hello you\n')
  expect(state(pod)?.terminated).toMatchObject({ exitCode: 2, message: 'bye\n' })
})

test('Arguments alone take the place of the command of the image', async () => {
  const { run } = await start()
  const containers = [
    { name: 'c', image: 'busybox', args: ['sh', '-c', 'echo $((6 * 7))'] },
    { name: 'd', image: 'example.com/tool', args: ['echo', 'of an unknown image'] },
  ]
  const pod = await run('p', { restartPolicy: 'Never', containers })
  expect([await logs(pod), await logs(pod, {}, 'd')]).toEqual(['42\n', 'of an unknown image\n'])
})

test('A missing ConfigMap holds up a container, and a volume of it the whole Pod', async () => {
  const { run, pass, pod, client, events } = await start()
  const envFrom = [{ configMapRef: { name: 'settings' } }]
  const held = await run('env', { containers: [{ name: 'c', image: 'nginx', envFrom }] })
  expect(state(held)?.waiting).toEqual({
    reason: 'CreateContainerConfigError',
    message: 'configmap "settings" not found',
  })
  const volumes = [{ name: 'v', configMap: { name: 'settings' } }]
  const volumeMounts = [{ name: 'v', mountPath: '/etc/settings' }]
  const mounting = await run('vol', { volumes, containers: [{ name: 'c', image: 'nginx', volumeMounts }] })
  expect(state(mounting)?.waiting?.reason).toBe('ContainerCreating')
  expect(conditions(mounting)).toContain('PodReadyToStartContainers=False')
  expect(await events()).toContain(
    'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "settings" not found',
  )
  await client.create(configMaps, { metadata: { name: 'settings', namespace }, data: { KEY: 'value' } })
  await pass(10_000)
  const [first, second] = [await pod('env'), await pod('vol')]
  expect([first.status?.phase, second.status?.phase]).toEqual(['Running', 'Running'])
  expect((await exec(first, ['printenv', 'KEY'])).stdout).toBe('value\n')
  expect((await exec(second, ['cat', '/etc/settings/KEY'])).stdout).toBe('value')
})

test('An image of a registry below .invalid cannot be pulled', async () => {
  const { run, pass, pod } = await start()
  const failed = await run('p', { containers: [{ name: 'c', image: 'registry.invalid/x' }] })
  expect(state(failed)?.waiting?.reason).toBe('ErrImagePull')
  await pass(5000)
  expect(state(await pod('p'))?.waiting?.reason).toBe('ImagePullBackOff')
  await expect(logs(failed)).rejects.toThrow(
    `container "c" in pod "p" is waiting to start: trying and failing to pull image`,
  )
})

test('Probes: ready after the delay, restarted when the liveness command fails', async () => {
  const { run, pass, pod, events } = await start()
  const command = ['sh', '-c', 'touch /tmp/healthy; sleep 10; rm -f /tmp/healthy; sleep 600']
  const livenessProbe = { exec: { command: ['cat', '/tmp/healthy'] }, periodSeconds: 5, failureThreshold: 1 }
  const readinessProbe = { httpGet: { port: 80 }, initialDelaySeconds: 3 }
  const begun = await run('p', {
    containers: [{ name: 'c', image: 'busybox', command, livenessProbe, readinessProbe }],
  })
  expect(conditions(begun)).toContain('Ready=False')
  await pass(3000)
  expect(conditions(await pod('p'))).toContain('Ready=True')
  for (let seconds = 0; seconds < 15; seconds += 5) await pass(5000)
  expect((await pod('p')).status?.containerStatuses?.[0]?.restartCount).toBe(1)
  expect(await events()).toContain('Killing: Container c failed liveness probe, will be restarted')
})

test('A deleted Pod is stopped, reported and removed; its address is free again later', async () => {
  const { run, client, pod } = await start()
  await run('p', {})
  await client.delete(pods, { namespace, name: 'p' })
  await expect(pod('p')).rejects.toThrow('pods "p" not found')
  expect((await run('q', {})).status?.podIPs?.[0]?.ip).toBe('10.244.1.3')
})

test('After a restart Pods go on: same addresses, same containers, no second start', async () => {
  const { run, pod, restart } = await start()
  const before = await run('p', {})
  await restart()
  const after = await pod('p')
  expect(after.status).toEqual(before.status)
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
  expect((await exec(after, ['hostname'])).stdout).toBe('p\n')
  expect((await run('q', {})).status?.podIPs?.map(({ ip }) => ip)).toEqual(['10.244.1.3', 'fd00:10:244:1::3'])
})

test('exec streams both ways, tells exit codes, and misses what is not there', async () => {
  const { run } = await start()
  const pod = await run('p', {})
  expect(await exec(pod, ['cat'], 'in and out')).toMatchObject({ stdout: 'in and out' })
  expect((await exec(pod, ['sh', '-c', 'exit 9'])).outcome).toEqual({ type: 'exited', exitCode: 9 })
  expect(await exec(pod, ['wget', 'x'])).toEqual({
    stdout: '',
    stderr:
      'OCI runtime exec failed: exec failed: unable to start container process: ' +
      'exec: "wget": executable file not found in $PATH: unknown\n',
    outcome: { type: 'exited', exitCode: 127 },
  })
  const connection = await cluster.connect()
  const options = { command: ['ls'], stdin: false, stdout: true, stderr: true, tty: false }
  await expect(connection.exec({ ...reference(pod), container: 'x' }, options)).rejects.toThrow(
    'container not found ("x")',
  )
  await expect(connection.portForward(reference(pod), 80)).rejects.toThrow('connection refused')
})

test('Attached to a terminal, one talks to the container itself until it ends', async () => {
  const { run, pod } = await start()
  const started = await run('p', {
    restartPolicy: 'Never',
    containers: [{ name: 'c', image: 'busybox', stdin: true, tty: true }],
  })
  expect(started.status?.phase).toBe('Running')
  const connection = await cluster.connect()
  const session = await connection.attach(reference(started), {
    stdin: true,
    stdout: true,
    stderr: false,
    tty: true,
  })
  let screen = ''
  session.stdout?.on('data', chunk => {
    screen += chunk
  })
  const shows = async (text: string) => {
    while (!screen.endsWith(text)) await settle(1)
  }
  await shows('/ # ')
  session.stdin?.write('echo $HOSTNAME\r')
  await shows('p\r\n/ # ')
  session.stdin?.write('exit 7\r')
  expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
  await shows('exit 7\r\n')
  expect(screen).toBe('/ # echo $HOSTNAME\r\np\r\n/ # exit 7\r\n')
  expect((await pod('p')).status?.phase).toBe('Failed')
})

test('Containers of a Pod share what they write into an emptyDir', async () => {
  const { run } = await start()
  const volumeMounts = [{ name: 'v', mountPath: '/data' }]
  const pod = await run('p', {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [
      { name: 'c', image: 'nginx', volumeMounts },
      {
        name: 'writer',
        image: 'busybox',
        volumeMounts,
        command: ['sh', '-c', 'echo shared > /data/f; sleep 60'],
      },
    ],
  })
  expect((await exec(pod, ['cat', '/data/f'])).stdout).toBe('shared\n')
})

test('A Pod that runs for too long fails', async () => {
  const { run, pass, pod } = await start()
  await run('p', { activeDeadlineSeconds: 5 })
  await pass(5000)
  expect((await pod('p')).status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' })
})
