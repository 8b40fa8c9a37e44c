// The CRI runtime with a real containerd, in an own network namespace: Pods in every configuration of
// families, what one can do with their containers, and what survives whom.

import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../src/api/generated/types.ts'
import type { ExecOptions, ExecSession, LogOptions } from '../src/api/kubeletapi.ts'
import { systemClock } from '../src/component/clock.ts'
import { silentLogger } from '../src/component/log.ts'
import { familyOf, familyOrders, type IPFamilies, type IPFamily } from '../src/ip/family.ts'
import { bracketHost } from '../src/ip/hostport.ts'
import { CRIRuntime } from '../src/kubelet/cri/cri.ts'
import type { ContainerEnvironment, ContainerMount, RuntimeContainer } from '../src/kubelet/runtime.ts'
import {
  busyboxArchive,
  busyboxImage,
  containerdNeeds,
  startContainerd,
  type TestContainerd,
} from './containerd.ts'
import { whyNot } from './needs.ts'

const reason = whyNot(containerdNeeds)
const nodeAddresses: Readonly<Record<IPFamily, string>> = { IPv4: '172.31.9.4', IPv6: 'fd00:31:9::4' }

const rotation = { maxBytes: 20_000, maxFiles: 3 }

function newRuntime(containerd: TestContainerd, families: IPFamilies): CRIRuntime {
  return new CRIRuntime({
    clock: systemClock,
    log: silentLogger,
    socketPath: containerd.socketPath,
    rootDir: `${containerd.folder}/kubelet`,
    nodeAddresses: families.map(family => nodeAddresses[family]),
    references: {
      configMap: async () => undefined,
      secret: async () => undefined,
      serviceAccountToken: async () => undefined,
    },
    cgroupParent: containerd.cgroupParent,
    rotation,
    connectStreaming: port => containerd.connect(port),
  })
}

const textOf = async (stream: Readable) => Buffer.concat(await stream.toArray()).toString()
const never = new AbortController().signal

/** What a test does with one Pod. */
class TestPod {
  static #count = 0
  readonly pod: Pod
  readonly #runtime: CRIRuntime
  addresses: readonly string[] = []

  constructor(runtime: CRIRuntime, spec: Partial<PodSpec>) {
    const name = `pod${TestPod.#count++}`
    const metadata = { name, namespace: 'default', uid: `uid-${name}-${process.pid}` }
    this.pod = { metadata, spec: { containers: [], ...spec }, status: { qosClass: 'Burstable' } }
    this.#runtime = runtime
  }

  get uid() {
    return this.pod.metadata.uid!
  }

  get logs() {
    return `default_${this.pod.metadata.name}_${this.uid}`
  }

  reference(container = 'main') {
    return { namespace: 'default', pod: this.pod.metadata.name!, uid: this.uid, container }
  }

  async create(): Promise<this> {
    const dns = {
      nameservers: ['10.96.0.10', 'fd00:10:96::a'],
      searches: ['default.svc'],
      options: ['ndots:5'],
    }
    this.addresses = await this.#runtime.createSandbox(this.pod, { hostname: this.pod.metadata.name!, dns })
    return this
  }

  async start(
    script: string,
    options: Partial<Container> & { attempt?: number; mounts?: readonly ContainerMount[] } = {},
  ): Promise<RuntimeContainer> {
    const { attempt = 0, mounts = [], ...rest } = options
    const container: Container = { name: 'main', image: busyboxImage, imagePullPolicy: 'Never', ...rest }
    const environment: ContainerEnvironment = {
      podIPs: this.addresses,
      hosts: '',
      resolvConf: '',
      hostname: '',
      variables: [['GREETING', 'hello world']],
      command: ['sh', '-c', script],
      args: undefined,
      workingDirectory: '/tmp',
      mounts,
    }
    return this.#runtime.startContainer({
      pod: this.pod,
      container,
      kind: 'main',
      attempt,
      environment: async () => environment,
      report: () => undefined,
    })
  }

  async run(...command: readonly string[]): Promise<string> {
    return this.runIn('main', ...command)
  }

  async runIn(container: string, ...command: readonly string[]): Promise<string> {
    const result = await this.#runtime.run(this.reference(container), command, { timeoutMs: 60_000 })
    return result.type === 'exited' ? result.output.trim() : JSON.stringify(result)
  }

  async log(options: LogOptions = {}): Promise<string> {
    return textOf(await this.#runtime.logs(this.reference(), options, never))
  }

  exec(command: readonly string[], options: Partial<ExecOptions> = {}): Promise<ExecSession> {
    const all = { command, stdin: true, stdout: true, stderr: true, tty: false, ...options }
    return this.#runtime.exec(this.reference(), all)
  }

  async exit(container = 'main'): Promise<NonNullable<RuntimeContainer['exit']>> {
    for (;;) {
      const run = this.#runtime.containers(this.uid).find(({ name }) => name === container)
      if (run?.exit) return run.exit
      await systemClock.sleep(20)
    }
  }

  /** Resolves when a program of the container listens on the port. */
  async listening(port: number): Promise<void> {
    const hexadecimal = port.toString(16).toUpperCase().padStart(4, '0')
    const script = `until grep -q ":${hexadecimal} .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done`
    expect(await this.run('sh', '-c', script)).toBe('')
  }

  async remove(): Promise<void> {
    await this.#runtime.removePod(this.uid)
  }
}

/** Debian's busybox cannot resolve names, so its wget does not even take addresses. */
const fetchFrom = (address: string, port: number) =>
  `printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc -w 20 ${address} ${port}`

const forever = 'trap "exit 7" TERM; while true; do sleep 0.1; done'

describe.skipIf(reason).each(familyOrders.map(families => ({ families })))(
  'Pods of families $families',
  ({ families }) => {
    let containerd: TestContainerd
    let runtime: CRIRuntime
    beforeAll(async () => {
      containerd = await startContainerd(families)
      runtime = newRuntime(containerd, families)
      await runtime.start()
    })
    afterAll(async () => {
      await runtime?.stop()
      await containerd?.remove()
    })

    test('have an address of each family in their order, and reach each other over all', async () => {
      const server = await new TestPod(runtime, {}).create()
      const client = await new TestPod(runtime, {}).create()
      expect(server.addresses.map(familyOf)).toEqual(families)
      await server.start('echo it works > index.html; exec httpd -f -p [::]:8080')
      await client.start(forever)
      await server.listening(8080)
      for (const address of server.addresses) {
        expect(await client.run('sh', '-c', fetchFrom(address, 8080))).toContain('it works')
      }
      for (const pod of [server, client]) await pod.remove()
      expect(readdirSync(`${containerd.folder}/kubelet/logs`)).toEqual([])
    })

    test('on host ports are reached at the addresses of the node', async () => {
      const containers = [{ name: 'main', ports: [{ containerPort: 80, hostPort: 8088 }] }]
      const pod = await new TestPod(runtime, { containers }).create()
      await pod.start('echo mapped > index.html; exec httpd -f -p [::]:80')
      await pod.listening(80)
      const gateways = (await pod.run('ip', 'route')) + (await pod.run('ip', '-6', 'route'))
      const vias = [...gateways.matchAll(/default via (\S+)/g)].map(([, via]) => via!)
      expect(vias.map(familyOf).sort()).toEqual([...families].sort())
      for (const via of vias) {
        const script = `alias nc='busybox nc'\n${fetchFrom(via, 8088)}`
        expect((await containerd.exec.run('sh', ['-c', script])).stdout).toContain('mapped')
      }
      await pod.remove()
    })

    test('in the network of the node have its addresses', async () => {
      const pod = await new TestPod(runtime, { hostNetwork: true }).create()
      expect(pod.addresses).toEqual(families.map(family => nodeAddresses[family]))
      await pod.start(forever)
      expect(await pod.run('ip', 'link')).toContain('pods0')
      await pod.remove()
    })
  },
)

describe.skipIf(reason)('A container', () => {
  const families: IPFamilies = ['IPv4', 'IPv6']
  let containerd: TestContainerd
  let runtime: CRIRuntime
  let pod: TestPod
  beforeAll(async () => {
    containerd = await startContainerd(families)
    runtime = newRuntime(containerd, families)
    await runtime.start()
    pod = await new TestPod(runtime, {}).create()
    await pod.start(forever)
  })
  afterAll(async () => {
    await runtime?.stop()
    await containerd?.remove()
  })

  test('has its variables, its directory, its name servers and its name', async () => {
    expect(await pod.run('sh', '-c', 'echo $GREETING; pwd')).toBe('hello world\n/tmp')
    expect(await pod.run('cat', '/etc/resolv.conf')).toBe(
      'search default.svc\nnameserver 10.96.0.10\nnameserver fd00:10:96::a\noptions ndots:5',
    )
    expect(await pod.run('hostname')).toBe(pod.pod.metadata.name)
  })

  test('runs commands with input, output and their exit code', async () => {
    const session = await pod.exec(['sh', '-c', 'cat; echo done >&2; exit 42'])
    session.stdin!.end('some input')
    const [stdout, stderr] = await Promise.all([textOf(session.stdout!), textOf(session.stderr!)])
    expect([stdout, stderr]).toEqual(['some input', 'done\n'])
    expect(await session.outcome).toEqual({ type: 'exited', exitCode: 42 })
  })

  test('takes megabytes and gives them back, byte for byte', async () => {
    const sent = Buffer.alloc(6 * 2 ** 20, 'abcdefghijklmnopqrstuvwxyz\0\n')
    const session = await pod.exec(['cat'])
    session.stdin!.end(sent)
    const [received] = await Promise.all([session.stdout!.toArray(), session.stderr!.toArray()])
    expect(Buffer.concat(received).equals(sent)).toBe(true)
    expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
  })

  test('has terminals whose size changes', async () => {
    const session = await pod.exec(['sh'], { tty: true, stderr: false })
    let seen = ''
    session.stdout!.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
    })
    const until = async (text: string) => {
      while (!seen.includes(text)) await systemClock.sleep(20)
    }
    session.resize({ columns: 101, rows: 37 })
    await until('#')
    session.stdin!.write('until stty size | grep 101; do sleep 0.05; done\n')
    await until('37 101')
    session.stdin!.write('exit 5\n')
    expect(await session.outcome).toEqual({ type: 'exited', exitCode: 5 })
  })

  test('says what it cannot run', async () => {
    const session = await pod.exec(['nonsense'])
    for (const stream of [session.stdout!, session.stderr!]) stream.resume()
    const outcome = await session.outcome
    expect(outcome.type).toBe('failed')
    expect(JSON.stringify(outcome)).toContain('executable file not found')
    const run = (command: readonly string[], timeoutMs = 60_000) =>
      runtime.run(pod.reference(), command, { timeoutMs })
    expect(await run(['nonsense'])).toMatchObject({
      type: 'failed',
      message: expect.stringContaining('executable file not found'),
    })
    expect(await run(['sleep', '600'], 1000)).toEqual({ type: 'timedOut' })
    expect(await run(['sh', '-c', 'exit 3'])).toEqual({ type: 'exited', exitCode: 3, output: '' })
  })

  test('is attached to, with its input', async () => {
    const own = await new TestPod(runtime, {}).create()
    await own.start('while read line; do echo "got $line"; done; echo end; exit 3', {
      stdin: true,
      stdinOnce: true,
    })
    const streams = { stdin: true, stdout: true, stderr: true, tty: false }
    const session = await runtime.attach(own.reference(), streams)
    session.stdin!.end('one\ntwo\n')
    expect(await textOf(session.stdout!)).toBe('got one\ngot two\nend\n')
    // How the container ended is for its status to say.
    expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
    expect((await own.exit()).exitCode).toBe(3)
    expect(await own.log()).toBe('got one\ngot two\nend\n')
    await own.remove()
  })

  test('is connected to, on the loopback of either family', async () => {
    // containerd connects to what the machine takes for localhost.
    const known = await lookup('localhost', { all: true })
    for (const { address } of known) {
      const own = await new TestPod(runtime, {}).create()
      await own.start(`echo over ${address} > index.html; exec httpd -f -p ${bracketHost(address)}:8080`)
      await own.listening(8080)
      const stream = await runtime.portForward(own.reference(), 8080)
      stream.end('GET /index.html HTTP/1.0\r\n\r\n')
      expect(await textOf(stream)).toContain(`over ${address}`)
      await own.remove()
    }
  })

  test('says that nothing listens on a port', async () => {
    const stream = await runtime.portForward(pod.reference(), 9)
    await expect(textOf(stream)).rejects.toThrow('connection refused')
  })

  test('has the user, groups, rights and file system that it was given', async () => {
    const own = await new TestPod(runtime, {
      securityContext: { runAsUser: 1234, runAsGroup: 5678, fsGroup: 99, supplementalGroups: [77] },
    }).create()
    await own.start(forever, {
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    })
    expect(await own.run('id')).toBe('uid=1234(alice) gid=5678(alice) groups=10(wheel),77,99,5678(alice)')
    expect(await own.run('touch', '/tmp/x')).toContain('Read-only file system')
    const status = await own.run('cat', '/proc/1/status')
    expect(status).toMatch(/CapBnd:\t0000000000000400\nCapAmb.*\nNoNewPrivs:\t1\nSeccomp:\t2/)
    await own.remove()
  })

  test('that is privileged may do anything; others see less of /proc', async () => {
    const own = await new TestPod(runtime, {
      containers: [{ name: 'main', securityContext: { privileged: true } }],
    }).create()
    await own.start(forever, { securityContext: { privileged: true } })
    expect(
      await own.run('sh', '-c', 'mount -t tmpfs none /mnt 2>&1 || mount -t tmpfs none /tmp && echo yes'),
    ).toContain('yes')
    expect(await own.run('ls', '/sys/firmware')).not.toBe('')
    expect(await pod.run('ls', '/sys/firmware')).toBe('')
    expect(await pod.run('sh', '-c', 'echo x > /proc/sys/kernel/domainname')).toContain(
      'Read-only file system',
    )
    await own.remove()
  })

  test('has the user of its image, which must not be root where that is asked for', async () => {
    await containerd.loadImage(busyboxArchive({ user: 'alice', name: 'localhost/alice:1' }))
    await containerd.loadImage(busyboxArchive({ user: '4321', name: 'localhost/number:1' }))
    const own = await new TestPod(runtime, {}).create()
    await own.start(forever, { name: 'named', image: 'localhost/alice:1' })
    await own.start(forever, {
      name: 'main',
      image: 'localhost/number:1',
      securityContext: { runAsNonRoot: true },
    })
    expect(await own.run('id', '-u')).toBe('4321')
    expect(await own.runIn('named', 'id', '-u', '-n')).toBe('alice')
    const refused = own.start(forever, { name: 'root', securityContext: { runAsNonRoot: true } })
    await expect(refused).rejects.toMatchObject({
      reason: 'CreateContainerConfigError',
      message: expect.stringContaining('container has runAsNonRoot and image will run as root'),
    })
    await own.remove()
  })

  test('is held to its limits, and ended when it takes more memory', async () => {
    const own = await new TestPod(runtime, {}).create()
    const resources = { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '500m', memory: '32Mi' } }
    await own.start(forever, { resources })
    const group = (file: string) => own.run('sh', '-c', `cat ${file} 2>/dev/null`)
    const isCgroup2 = existsSync('/sys/fs/cgroup/cgroup.controllers')
    const memory = isCgroup2 ? '/sys/fs/cgroup/memory.max' : '/sys/fs/cgroup/memory/memory.limit_in_bytes'
    const cpu = isCgroup2 ? '/sys/fs/cgroup/cpu.max' : '/sys/fs/cgroup/cpu/cpu.cfs_quota_us'
    expect(await group(memory)).toBe('33554432')
    expect((await group(cpu)).split(' ')[0]).toBe('50000')
    await own.start('exec tail /dev/zero', { name: 'greedy', resources })
    expect(await own.exit('greedy')).toMatchObject({ exitCode: 137, reason: 'OOMKilled' })
    const usage = (await runtime.usage()).find(({ uid }) => uid === own.uid)
    expect(usage?.containers.map(({ name }) => name)).toEqual(['main'])
    expect(usage?.containers[0]?.memoryWorkingSetBytes).toBeGreaterThan(0)
    await own.remove()
    const left = readdirSync('/sys/fs/cgroup').filter(controller =>
      existsSync(`/sys/fs/cgroup/${controller}${containerd.cgroupParent}/pod${own.uid}`),
    )
    expect(left).toEqual([])
  })

  test('has folders and files of the node, to read or to write', async () => {
    const folder = `${containerd.folder}/data`
    mkdirSync(folder)
    writeFileSync(`${folder}/file`, 'from the node')
    const mount = {
      volume: 'v',
      subPath: '',
      isWritable: true,
      propagation: 'None',
      files: async () => new Map(),
    } as const
    const own = await new TestPod(runtime, {}).create()
    await own.start(forever, {
      mounts: [
        { ...mount, path: '/data', hostPath: folder, isReadOnly: false },
        { ...mount, path: '/etc/one', hostPath: `${folder}/file`, isReadOnly: true },
      ],
    })
    expect(await own.run('cat', '/etc/one')).toBe('from the node')
    expect(await own.run('sh', '-c', 'echo x > /etc/one')).toContain('Read-only file system')
    await own.run('sh', '-c', 'echo from the container > /data/new')
    expect(readFileSync(`${folder}/new`, 'utf8')).toBe('from the container\n')
    await own.remove()
  })

  test('shares processes with others where its Pod says so, or looks into those of one', async () => {
    const shared = await new TestPod(runtime, { shareProcessNamespace: true }).create()
    await shared.start('exec sleep 1234', { name: 'other' })
    await shared.start(forever)
    expect(await shared.run('ps')).toContain('sleep 1234')
    await shared.remove()
    const own = await new TestPod(runtime, {}).create()
    await own.start('exec sleep 4321', { name: 'target' })
    const debug = { name: 'main', targetContainerName: 'target' } as Partial<Container>
    await own.start(forever, debug)
    expect(await own.run('ps')).toContain('sleep 4321')
    await own.remove()
  })

  test('leaves a message, or the end of its log', async () => {
    const own = await new TestPod(runtime, {}).create()
    await own.start('echo bye > /dev/termination-log; exit 1')
    expect(await own.exit()).toMatchObject({ exitCode: 1, reason: 'Error', message: 'bye\n' })
    const policy = { terminationMessagePolicy: 'FallbackToLogsOnError', terminationMessagePath: '/tmp/last' }
    await own.start('echo one; echo two; exit 1', { name: 'logging', ...policy })
    expect((await own.exit('logging')).message).toBe('one\ntwo\n')
    await own.start('echo one; exit 0', { name: 'content', ...policy })
    expect(await own.exit('content')).toMatchObject({ exitCode: 0, reason: 'Completed' })
    expect((await own.exit('content')).message).toBeUndefined()
    await own.remove()
  })

  test('is told to end, and ended when it does not', async () => {
    const own = await new TestPod(runtime, {}).create()
    await own.start(forever)
    await own.start('trap "" TERM; while true; do sleep 0.1; done', { name: 'stubborn' })
    await runtime.stopContainer(own.uid, 'main', 30)
    expect((await own.exit()).exitCode).toBe(7)
    await runtime.stopContainer(own.uid, 'stubborn', 1)
    expect((await own.exit('stubborn')).exitCode).toBe(137)
    await own.remove()
  })

  test('has a log: as it comes, the last lines, and that of the run before', async () => {
    const own = await new TestPod(runtime, {}).create()
    await own.start('for i in 1 2 3; do echo line $i; sleep 0.2; done')
    const followed = own.log({ follow: true })
    expect((await followed).split('\n').filter(line => line.startsWith('line'))).toEqual([
      'line 1',
      'line 2',
      'line 3',
    ])
    await own.exit()
    await own.start('echo second', { attempt: 1 })
    await own.exit()
    expect(await own.log()).toBe('second\n')
    expect(await own.log({ previous: true, tailLines: 2 })).toBe('line 2\nline 3\n')
    const long = 'x'.repeat(40_000)
    await own.start(`echo ${long}; printf partial`, { attempt: 2 })
    await own.exit()
    expect(await own.log()).toBe(`${long}\npartial`)
    await own.remove()
  })

  test('that writes much has its log rotated, which a follower does not notice', async () => {
    const own = await new TestPod(runtime, {}).create()
    await own.start('i=0; while [ ! -e /tmp/end ]; do i=$((i+1)); echo line $i; sleep 0.005; done; echo end')
    const followed = own.log({ follow: true })
    const folder = `${containerd.folder}/kubelet/logs/${own.logs}/main`
    while (readdirSync(folder).length < 2) await systemClock.sleep(100)
    expect(readdirSync(folder)[1]).toMatch(/^0\.log\.\d{8}-\d{6}$/)
    await systemClock.sleep(500)
    await own.run('touch', '/tmp/end')
    const lines = (await followed).trimEnd().split('\n')
    expect(lines.pop()).toBe('end')
    expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`))
    await own.remove()
  })

  test('that cannot be started says why', async () => {
    const own = await new TestPod(runtime, {}).create()
    const missing = own.start('', { name: 'missing', image: 'localhost/none:1' })
    await expect(missing).rejects.toMatchObject({ reason: 'ErrImageNeverPull' })
    const unreachable = own.start('', { name: 'far', image: 'localhost:1/none:1', imagePullPolicy: 'Always' })
    await expect(unreachable).rejects.toMatchObject({
      reason: 'ErrImagePull',
      message: expect.stringContaining('connection refused'),
    })
    await own.remove()
  })

  test('outlives the kubelet and containerd, and its end is not missed', async () => {
    const own = await new TestPod(runtime, {}).create()
    const run = await own.start('while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 9')
    const exec = await own.exec(['sh', '-c', 'echo begun; sleep 1; touch /tmp/end'])
    await once(exec.stdout!, 'data')
    await containerd.kill()
    await systemClock.sleep(1500)
    await containerd.start()
    expect((await own.exit()).exitCode).toBe(9)
    const second = newRuntime(containerd, families)
    await second.start()
    const found = await second.createSandbox(own.pod, {
      hostname: '',
      dns: { nameservers: [], searches: [], options: [] },
    })
    expect(found).toEqual(own.addresses)
    expect(second.containers(own.uid)).toMatchObject([{ id: run.id, exit: { exitCode: 9 } }])
    expect(second.containers(pod.uid)).toMatchObject([{ name: 'main', attempt: 0 }])
    expect(await textOf(await second.logs(pod.reference(), { tailLines: 1 }, never))).toBe('')
    await second.removePod(own.uid)
    await second.stop()
    expect(await pod.run('echo', 'still here')).toBe('still here')
  })

  test('gets a new sandbox when its old one is killed', async () => {
    const own = await new TestPod(runtime, {}).create()
    await own.start(forever)
    const { stdout } = await containerd.exec.run('ctr', [
      '-a',
      containerd.socketPath,
      '-n',
      'k8s.io',
      'tasks',
      'ls',
    ])
    const { stdout: all } = await containerd.exec.run('ctr', [
      '-a',
      containerd.socketPath,
      '-n',
      'k8s.io',
      'containers',
      'ls',
      `labels."io.kubernetes.pod.uid"==${own.uid},labels."io.cri-containerd.kind"==sandbox`,
    ])
    const id = /^[0-9a-f]{64}/m.exec(all)![0]
    expect(stdout).toContain(id)
    await containerd.exec.run('ctr', [
      '-a',
      containerd.socketPath,
      '-n',
      'k8s.io',
      'tasks',
      'kill',
      '-s',
      'KILL',
      id,
    ])
    while (runtime.hasSandbox(own.uid)) await systemClock.sleep(20)
    await own.create()
    expect(own.addresses.map(familyOf)).toEqual(families)
    const run = await own.start(forever)
    expect(run.attempt).toBe(1)
    await own.remove()
  })
})
