import { describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../api/generated/types.ts'
import type { ContainerEnvironment } from '../runtime.ts'
import { containerConfig } from './containerconfig.ts'
import { containerResources, oomScore } from './resources.ts'
import { sandboxConfig } from './sandboxconfig.ts'
import {
  containerSecurityContext,
  type ImageUser,
  maskedPaths,
  readonlyPaths,
  sandboxConfigFor,
} from './securitycontext.ts'

const web: Container = { name: 'web', image: 'nginx' }
const podOf = (spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { app: 'web' }, annotations: { note: 'x' } },
  spec: { containers: [web], ...spec },
})
const dns = { nameservers: ['10.96.0.10', 'fd00:10:96::a'], searches: ['n.svc.cluster.local'], options: [] }
const sandbox = (spec: Partial<PodSpec>) =>
  sandboxConfig(podOf(spec), {
    environment: { hostname: 'p', dns },
    logsRoot: '/r/logs',
    attempt: 1,
    cgroupParent: '/futago/podu',
  })

describe('A sandbox', () => {
  test('has names and labels by which it is found, DNS in both families and a folder for logs', () => {
    expect(sandbox({})).toEqual({
      metadata: { name: 'p', namespace: 'n', uid: 'u', attempt: 1 },
      hostname: 'p',
      logDirectory: '/r/logs/n_p_u',
      dnsConfig: {
        servers: ['10.96.0.10', 'fd00:10:96::a'],
        searches: ['n.svc.cluster.local'],
        options: [],
      },
      portMappings: [],
      labels: {
        app: 'web',
        'io.kubernetes.pod.name': 'p',
        'io.kubernetes.pod.namespace': 'n',
        'io.kubernetes.pod.uid': 'u',
      },
      annotations: { note: 'x' },
      linux: {
        cgroupParent: '/futago/podu',
        securityContext: {
          namespaceOptions: { network: 0, pid: 1, ipc: 0 },
          runAsUser: undefined,
          runAsGroup: undefined,
          supplementalGroups: [],
          privileged: false,
          seccomp: { profileType: 0 },
        },
        sysctls: {},
      },
    })
  })

  test('maps host ports of containers and sidecars; an address is optional', () => {
    const ports = [
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 53, hostPort: 53, protocol: 'UDP', hostIP: 'fd00::1' },
      { containerPort: 90 },
    ]
    const sidecar = {
      name: 's',
      restartPolicy: 'Always',
      ports: [{ containerPort: 1, hostPort: 2, protocol: 'SCTP' }],
    }
    const initContainers = [sidecar, { name: 'i', ports: [{ containerPort: 3, hostPort: 3 }] }]
    expect(sandbox({ containers: [{ ...web, ports }], initContainers }).portMappings).toEqual([
      { protocol: 2, containerPort: 1, hostPort: 2, hostIp: undefined },
      { protocol: 0, containerPort: 80, hostPort: 8080, hostIp: undefined },
      { protocol: 1, containerPort: 53, hostPort: 53, hostIp: 'fd00::1' },
    ])
  })

  test("in the node's network has the node's name and no host ports; other namespaces as asked", () => {
    const ports = [{ containerPort: 80, hostPort: 80 }]
    const config = sandbox({
      hostNetwork: true,
      hostPID: true,
      hostIPC: true,
      containers: [{ ...web, ports }],
    })
    expect(config.hostname).toBe('')
    expect(config.portMappings).toEqual([])
    expect(config.linux?.securityContext?.namespaceOptions).toEqual({ network: 2, pid: 2, ipc: 2 })
    const shared = sandbox({ shareProcessNamespace: true })
    expect(shared.linux?.securityContext?.namespaceOptions?.pid).toBe(0)
  })

  test('has sysctls, user and groups of the Pod, and is privileged when a container is', () => {
    const { linux } = sandbox({
      securityContext: {
        sysctls: [{ name: 'net.ipv6.conf.all.forwarding', value: '1' }],
        runAsUser: 1000,
        runAsGroup: 2000,
        fsGroup: 3000,
        supplementalGroups: [4000, 3000],
      },
      containers: [{ ...web, securityContext: { privileged: true } }],
    })
    expect(linux?.sysctls).toEqual({ 'net.ipv6.conf.all.forwarding': '1' })
    expect(linux?.securityContext).toMatchObject({
      runAsUser: { value: 1000 },
      runAsGroup: { value: 2000 },
      supplementalGroups: [4000, 3000],
      privileged: true,
    })
  })
})

test('A privileged container that comes later finds the sandbox said to be privileged, and no other', () => {
  const config = sandbox({ securityContext: { runAsUser: 1000 } })
  const plain = { linux: { securityContext: { privileged: false } } }
  expect(sandboxConfigFor(plain, config)).toBe(config)
  const privileged = sandboxConfigFor({ linux: { securityContext: { privileged: true } } }, config)
  expect(privileged).toEqual({
    ...config,
    linux: { ...config.linux, securityContext: { ...config.linux?.securityContext, privileged: true } },
  })
})

const contextOf = (
  container: Container['securityContext'],
  {
    spec = {},
    image = { username: '' },
    targetId,
  }: { spec?: Partial<PodSpec>; image?: ImageUser; targetId?: string } = {},
) =>
  containerSecurityContext({
    pod: podOf(spec),
    container: { ...web, securityContext: container },
    kind: 'main',
    image,
    seccompFolder: '/r/seccomp',
    ...(targetId ? { targetId } : {}),
  })

describe("A container's security context", () => {
  test('of nobody in particular is root with the usual parts of /proc hidden', () => {
    expect(contextOf(undefined)).toEqual({
      capabilities: { addCapabilities: [], dropCapabilities: [] },
      privileged: false,
      namespaceOptions: { network: 0, pid: 1, ipc: 0, targetId: undefined },
      runAsUser: { value: 0 },
      runAsUsername: undefined,
      runAsGroup: undefined,
      readonlyRootfs: undefined,
      supplementalGroups: [],
      noNewPrivs: false,
      maskedPaths,
      readonlyPaths,
      seccomp: { profileType: 1 },
      apparmor: undefined,
    })
  })

  test('is what the container says before what the Pod says', () => {
    const spec = {
      securityContext: {
        runAsUser: 1,
        runAsGroup: 2,
        fsGroup: 5,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    }
    const own = {
      runAsUser: 7,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      seccompProfile: { type: 'Localhost', localhostProfile: 'a/b.json' },
    }
    expect(contextOf(own, { spec })).toMatchObject({
      runAsUser: { value: 7 },
      runAsGroup: { value: 2 },
      supplementalGroups: [5],
      readonlyRootfs: true,
      noNewPrivs: true,
      capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
      seccomp: { profileType: 2, localhostRef: '/r/seccomp/a/b.json' },
    })
    expect(contextOf(undefined, { spec }).seccomp).toEqual({ profileType: 0 })
  })

  test("has the image's user when nobody says otherwise", () => {
    expect(contextOf(undefined, { image: { uid: 101, username: '' } }).runAsUser).toEqual({ value: 101 })
    const named = contextOf(undefined, { image: { username: 'nginx' } })
    expect([named.runAsUser, named.runAsUsername]).toEqual([undefined, 'nginx'])
  })

  test('of a privileged or unmasked container hides nothing', () => {
    expect(contextOf({ privileged: true })).toMatchObject({
      privileged: true,
      maskedPaths: [],
      readonlyPaths: [],
      seccomp: { profileType: 1 },
    })
    expect(contextOf({ procMount: 'Unmasked' })).toMatchObject({ maskedPaths: [], readonlyPaths: [] })
  })

  test('of an ephemeral container can be in the processes of another one', () => {
    expect(contextOf(undefined, { targetId: 'abc' }).namespaceOptions).toMatchObject({
      pid: 3,
      targetId: 'abc',
    })
  })

  test('refuses root where it is not allowed, in the words of the kubelet', () => {
    const where = '(pod: "p_n(u)", container: web)'
    const runAsNonRoot = true
    expect(() => contextOf({ runAsNonRoot, runAsUser: 0 })).toThrow(
      `container's runAsUser breaks non-root policy ${where}`,
    )
    expect(() => contextOf({ runAsNonRoot })).toThrow(
      `container has runAsNonRoot and image will run as root ${where}`,
    )
    expect(() => contextOf({ runAsNonRoot }, { image: { username: 'nginx' } })).toThrow(
      'container has runAsNonRoot and image has non-numeric user (nginx), ' +
        `cannot verify user is non-root ${where}`,
    )
    const spec = { securityContext: { runAsNonRoot } }
    expect(() => contextOf(undefined, { spec })).toThrow('image will run as root')
    expect(contextOf(undefined, { spec, image: { uid: 5, username: '' } }).runAsUser).toEqual({ value: 5 })
    expect(contextOf({ runAsNonRoot: false }, { spec }).runAsUser).toEqual({ value: 0 })
  })
})

describe("A container's resources", () => {
  const options = { nodeMemoryBytes: 1000 * 2 ** 20, isCgroup2: false }
  const resources = (requests: Record<string, string>, limits: Record<string, string>) =>
    containerResources(
      { ...podOf(), status: { qosClass: 'Burstable' } },
      { ...web, resources: { requests, limits } },
      options,
    )

  test('are shares, a quota of 100 ms and a limit of memory', () => {
    expect(resources({ cpu: '250m', memory: '100Mi' }, { cpu: '1500m', memory: '200Mi' })).toEqual({
      cpuShares: 256,
      cpuPeriod: 100_000,
      cpuQuota: 150_000,
      memoryLimitInBytes: 209_715_200,
      oomScoreAdj: 900,
      hugepageLimits: [],
    })
  })

  test('have smallest values, and none without a limit', () => {
    expect(resources({}, {})).toEqual({ cpuShares: 2, oomScoreAdj: 999, hugepageLimits: [] })
    expect(resources({}, { cpu: '1m' })).toMatchObject({ cpuShares: 2, cpuQuota: 1000 })
    expect(resources({}, { 'hugepages-2Mi': '4Mi', 'hugepages-1Gi': '1Gi' }).hugepageLimits).toEqual([
      { pageSize: '2MB', limit: 4_194_304 },
      { pageSize: '1GB', limit: 1_073_741_824 },
    ])
  })

  test('of the unified hierarchy end all processes of a container together', () => {
    const unified = containerResources(podOf(), web, { ...options, isCgroup2: true })
    expect(unified.unified).toEqual({ 'memory.oom.group': '1' })
  })

  test('say who is killed first when memory runs out', () => {
    const score = (qosClass: string, memory?: string, priority = 0) =>
      oomScore(
        { ...podOf({ priority }), status: { qosClass } },
        { ...web, resources: memory ? { requests: { memory } } : {} },
        options.nodeMemoryBytes,
      )
    expect(score('Guaranteed')).toBe(-997)
    expect(score('BestEffort')).toBe(1000)
    expect(score('Burstable', '1000Mi')).toBe(3)
    expect(score('Burstable', '400Mi')).toBe(600)
    expect(score('BestEffort', undefined, 2_000_001_000)).toBe(-997)
  })
})

test('A container has its command, variables, mounts and where its log and its last words go', () => {
  const mount = { volume: 'v', subPath: '', isWritable: true, files: async () => new Map() }
  const environment: ContainerEnvironment = {
    podIPs: [],
    hosts: '',
    resolvConf: '',
    hostname: 'p',
    variables: [
      ['A', '1'],
      ['B', ''],
    ],
    command: ['sh'],
    args: undefined,
    workingDirectory: '/w',
    mounts: [
      { ...mount, path: '/etc/hosts', hostPath: '/r/hosts', isReadOnly: false, propagation: 'None' },
      { ...mount, path: '/data', hostPath: '/r/v', isReadOnly: true, propagation: 'HostToContainer' },
      { ...mount, path: '/none', isReadOnly: true, propagation: 'None' },
    ],
  }
  const config = (container: Container) =>
    containerConfig({
      pod: podOf(),
      container,
      attempt: 2,
      environment,
      imageRef: 'sha256:1',
      terminationMessageFile: '/r/pods/u/containers/web/2',
      linux: {},
    })
  expect(config({ ...web, stdin: true, tty: true })).toEqual({
    metadata: { name: 'web', attempt: 2 },
    image: { image: 'sha256:1' },
    command: ['sh'],
    args: undefined,
    workingDir: '/w',
    envs: [
      { key: 'A', value: '1' },
      { key: 'B', value: '' },
    ],
    mounts: [
      { containerPath: '/etc/hosts', hostPath: '/r/hosts', readonly: false, propagation: 0 },
      { containerPath: '/data', hostPath: '/r/v', readonly: true, propagation: 1 },
      { containerPath: '/dev/termination-log', hostPath: '/r/pods/u/containers/web/2' },
    ],
    labels: {
      'io.kubernetes.pod.name': 'p',
      'io.kubernetes.pod.namespace': 'n',
      'io.kubernetes.pod.uid': 'u',
      'io.kubernetes.container.name': 'web',
    },
    annotations: {
      'futago.io/image': 'docker.io/library/nginx:latest',
      'io.kubernetes.container.restartCount': '2',
      'io.kubernetes.container.terminationMessagePath': '/dev/termination-log',
      'io.kubernetes.container.terminationMessagePolicy': 'File',
      'futago.io/termination-message-file': '/r/pods/u/containers/web/2',
    },
    logPath: 'web/2.log',
    stdin: true,
    stdinOnce: undefined,
    tty: true,
    linux: {},
  })
  expect(config({ ...web, terminationMessagePath: '/data' }).mounts).toHaveLength(2)
})
