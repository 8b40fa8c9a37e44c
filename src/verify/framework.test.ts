// The smaller parts of the framework, on values: samples of nodes, modes, logs of probe Pods, roles.
import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { reservePort } from '../../test/ports.ts'
import type { EndpointSlice, Node, Pod } from '../api/generated/types.ts'
import { services } from '../api/resources/core/service.ts'
import { loopbackAddress } from '../ip/family.ts'
import { defineCheck } from './check.ts'
import { checks } from './checks/index.ts'
import { thisMachine } from './host.ts'
import { slimPod } from './inventory.ts'
import { expectedFamilies } from './mode.ts'
import { olderVersion, withTopologyAsFields } from './olderapi.ts'
import { thisProcess } from './owner.ts'
import { podTrouble } from './podtrouble.ts'
import { liveMain, parseScriptLog, probePod, scriptsMain, scriptVariables } from './probepod.ts'
import { formatRoles, rolesFor } from './role.ts'
import { isSimulated, sampleNodes, simulationOf } from './sampling.ts'
import { defaultSettings, resolveImage } from './settings.ts'
import { Slots } from './slots.ts'
import { verbatim } from './text.ts'
import { pass } from './verdict.ts'

interface NodeFacts {
  readonly zone?: string
  readonly ready?: boolean
  readonly runtime?: string
  readonly os?: string
}

const node = (
  name: string,
  { zone, ready = true, runtime = 'containerd://2', os = 'linux' }: NodeFacts = {},
): Node => ({
  metadata: {
    name,
    labels: { 'kubernetes.io/os': os, ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}) },
  },
  spec: {},
  status: {
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    nodeInfo: { containerRuntimeVersion: runtime } as never,
  },
})

describe('sampled nodes', () => {
  const names = (nodes: readonly Node[], count = 4) =>
    sampleNodes(nodes, count).map(({ metadata }) => metadata.name)

  test('are Ready, of Linux, schedulable, each zone in turn', () => {
    const nodes = [
      node('a1', { zone: 'a' }),
      node('a2', { zone: 'a' }),
      node('a3', { zone: 'a' }),
      node('b1', { zone: 'b' }),
      node('down', { zone: 'c', ready: false }),
      node('windows', { zone: 'd', os: 'windows' }),
      { ...node('cordoned', { zone: 'e' }), spec: { unschedulable: true } },
    ]
    expect(names(nodes)).toEqual(['a1', 'b1', 'a2', 'a3'])
    expect(names(nodes, 2)).toEqual(['a1', 'b1'])
  })

  test('are spread over a long list, and real ones come before simulated ones', () => {
    const many = Array.from({ length: 1000 }, (_, index) => node(`n${index}`))
    expect(names(many)).toEqual(['n0', 'n250', 'n500', 'n750'])
    const mixed = [node('fake', { runtime: 'simulated://0.1.0' }), node('real')]
    expect(names(mixed)).toEqual(['real'])
    expect(simulationOf([mixed[0]!])).toEqual({
      carries: false,
      runsPods: true,
      evidence: 'futago: simulated://0.1.0',
    })
    const kwok = { ...node('k'), metadata: { name: 'k', annotations: { 'kwok.x-k8s.io/node': 'fake' } } }
    expect([isSimulated(kwok), simulationOf([kwok]).runsPods]).toEqual([true, false])
  })
})

test('What is expected: what there is, or what was asked for, primary first', () => {
  const mode = { families: ['IPv4', 'IPv6'] as const, evidence: '' }
  const of = (expect: 'auto' | 'dual' | 'ipv4' | 'ipv6', primary?: 'IPv4' | 'IPv6', found = mode as never) =>
    expectedFamilies(found, { expect, primary }).join()
  expect([of('auto'), of('auto', 'IPv6'), of('ipv6')]).toEqual(['IPv4,IPv6', 'IPv6,IPv4', 'IPv6'])
  const single = { families: ['IPv6'], evidence: '' } as never
  expect([of('auto', undefined, single), of('dual', undefined, single)]).toEqual(['IPv6', 'IPv6,IPv4'])
})

test('EndpointSlices of v1beta1 say where their endpoints are as those of v1 do', () => {
  const topology = { 'kubernetes.io/hostname': 'n', 'topology.kubernetes.io/zone': 'z' }
  const slice = { metadata: {}, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], topology }] }
  expect(withTopologyAsFields(slice as EndpointSlice).endpoints).toEqual([
    { addresses: ['10.0.0.1'], nodeName: 'n', zone: 'z' },
  ])
  expect(olderVersion(services, 'v0').apiVersion).toBe('v0')
})

test('Of Pods only what checks look at is kept', () => {
  const pod = {
    metadata: { name: 'p', managedFields: [{}], annotations: { a: 'b' } },
    spec: { containers: [{ name: 'c', env: [{ name: 'SECRET', value: 'x' }], ports: [] }], volumes: [{}] },
    status: { podIPs: [{ ip: '10.0.0.1' }], containerStatuses: [{}] },
  } as unknown as Pod
  const text = JSON.stringify(slimPod(pod))
  expect(text).toContain('10.0.0.1')
  expect(text).not.toMatch(/SECRET|managedFields|volumes|containerStatuses/)
})

describe('probe Pods', () => {
  const options = {
    generateName: 'x-',
    namespace: 'n',
    node: 'node1',
    labels: {},
    hostNetwork: false,
    settings: { image: 'i', imagePullSecrets: ['s'] },
    hasHostIPs: false,
    main: 'echo $(now)',
    env: scriptVariables(['echo "$(hostname)"']),
  }

  test('pass the restricted Pod Security level, on their node whatever its taints', () => {
    const { spec } = probePod(options)
    expect(spec?.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect([spec?.tolerations, spec?.hostNetwork, spec?.automountServiceAccountToken]).toEqual([
      [{ operator: 'Exists' }],
      undefined,
      false,
    ])
    expect(JSON.stringify(spec?.affinity)).toContain('"values":["node1"]')
  })

  test('carry their scripts so that the kubelet expands nothing in them', () => {
    const { spec } = probePod(options)
    expect(spec?.containers[0]?.command?.[2]).toMatch(/\necho \$\$\(now\)$/)
    expect(spec?.containers[0]?.env?.at(-1)).toEqual({ name: 'SCRIPT_0', value: 'echo "$$(hostname)"' })
  })

  test('print each script in one piece when it has ended', () => {
    const log = `@@futago out 1
b1
b2

@@futago err 1

@@futago end 1 0
@@futago out 0
a

@@futago err 0
oh

@@futago end 0 3
@@futago out 2
unfinished`
    expect([...parseScriptLog(log)]).toEqual([
      [1, { stdout: 'b1\nb2', stderr: '', exitCode: 0 }],
      [0, { stdout: 'a', stderr: 'oh', exitCode: 3 }],
    ])
    expect(scriptsMain(2)).toContain('-lt 2')
    expect(liveMain).toContain('SCRIPT_0')
  })

  test('that cannot be pulled name the image and the flag', () => {
    const waiting = { reason: 'ErrImagePull', message: 'no such host' }
    const pod = {
      metadata: { name: 'p' },
      spec: { nodeName: 'n', containers: [] },
      status: { phase: 'Pending', containerStatuses: [{ state: { waiting } }] },
    } as unknown as Pod
    const text = podTrouble(pod, 'x.example/i:1')?.text.en
    expect(text).toContain('the image x.example/i:1 cannot be pulled on node n (ErrImagePull: no such host)')
    expect(text).toContain('--image PREFIX/')
    const creating = { ...pod, status: { phase: 'Pending' } } as Pod
    expect(podTrouble(creating, 'i')).toBeUndefined()
    expect(podTrouble(creating, 'i', 90_000)?.text.en).toBe(
      'the probe Pod p did not start within 90 s (phase Pending)',
    )
  })
})

describe('roles', () => {
  const rightsOf = (namespace?: string) =>
    rolesFor(checks, { namespace }).map(role => ({
      kind: role.kind,
      creates: (role.rules ?? [])
        .filter(({ verbs }) => verbs.includes('create'))
        .flatMap(rule => rule.resources ?? []),
    }))

  test('with a namespace nothing is created outside of it', () => {
    const [clusterRole, role] = rightsOf('mine')
    expect([clusterRole?.kind, clusterRole?.creates, role?.kind]).toEqual(['ClusterRole', [], 'Role'])
    expect(role?.creates).toEqual(expect.arrayContaining(['pods', 'services', 'networkpolicies']))
    expect(rightsOf()).toHaveLength(1)
  })

  test('reading alone needs no more than get and list', async () => {
    const quick = checks.filter(({ needs }) => needs.length === 0)
    const [role] = rolesFor(quick, { namespace: 'x' })
    expect([...new Set(role?.rules?.flatMap(({ verbs }) => verbs))].sort()).toEqual(['get', 'list'])
    expect(await formatRoles([role!])).toMatch(
      /^# kubectl create clusterrolebinding .*\n---\napiVersion: rbac/,
    )
  })
})

test('This process is running, another machine is not known', () => {
  const owner = thisProcess()
  const [machine] = owner.id.split('-')
  expect(owner.hasEnded(owner.id)).toBe(false)
  expect(owner.hasEnded(`${machine}-4194999`)).toBe(true)
  expect([owner.hasEnded('other-1'), owner.hasEnded('')]).toEqual([undefined, undefined])
})

test('This machine connects, is refused, and gives up', async () => {
  const server = createServer((_, response) => response.end('hello'))
  const port = await reservePort()
  await new Promise<void>(resolve => server.listen(port, loopbackAddress.IPv4, resolve))
  const host = thisMachine()
  const ask = (path?: string) =>
    host.connect(loopbackAddress.IPv4, port, { timeoutMs: 60_000, ...(path ? { path } : {}) })
  expect(await ask()).toMatchObject({ outcome: 'connected' })
  expect(await ask('/')).toMatchObject({ outcome: 'connected', body: 'hello' })
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  expect(await ask()).toMatchObject({ outcome: 'refused' })
})

test('Images: a whole reference, or a mirror', () => {
  expect(resolveImage('busybox:1.36')).toBe('busybox:1.36')
  expect(resolveImage('mirror.example/k8s/')).toBe('mirror.example/k8s/e2e-test-images/agnhost:2.47')
  expect(defaultSettings.image).toBe('registry.k8s.io/e2e-test-images/agnhost:2.47')
})

test('Slots let so many in at once', async () => {
  const slots = new Slots(2)
  let inside = 0
  let most = 0
  const work = () =>
    slots.use(async () => {
      most = Math.max(most, ++inside)
      await new Promise(resolve => setImmediate(resolve))
      inside--
    })
  await Promise.all([work(), work(), work(), work(), work()])
  expect([most, inside]).toEqual([2, 0])
})

test('Checks with probes have longer to start them', () => {
  const of = (needs: readonly ('traffic' | 'write')[]) =>
    defineCheck({
      id: 'X-1',
      title: verbatim('x'),
      section: 'pods',
      severity: 'low',
      profile: 'full',
      needs,
      run: async () => pass(''),
    }).timeoutMs
  expect([of(['write']), of(['traffic'])]).toEqual([30_000, 120_000])
})
