import { expect, test } from 'vitest'
import type { Pod, PodSpec } from '../../api/generated/types.ts'
import { defineResource } from '../../api/resource.ts'
import { context, named, namespaces, openTestRegistries, pods } from '../registry/registries.fake.ts'
import { podSecurityPlugin } from './podsecurity.ts'

const deployments = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
})
const label = (mode: string) => `pod-security.kubernetes.io/${mode}`
const inTeam = { namespace: 'team' }

async function start(labels: Record<string, string>) {
  const resources = [pods, namespaces, deployments]
  const { registry } = await openTestRegistries({ resources, admission: [podSecurityPlugin] })
  const warnings: string[] = []
  const asked = { ...context, warn: (text: string) => void warnings.push(text) }
  const team = { metadata: { name: 'team', labels } }
  await registry(namespaces).create(asked, team as never, { namespace: '' })
  return {
    warnings,
    create: (spec: PodSpec, metadata: Pod['metadata'] = { name: 'a' }) =>
      registry(pods).create(asked, { metadata, spec } as never, inTeam),
    deploy: (spec: PodSpec) =>
      registry(deployments).create(asked, named('d', { spec: { template: { spec } } }), inTeam),
    label: (changed: Record<string, string>) =>
      registry(namespaces).update(
        asked,
        { namespace: '', name: 'team' },
        {
          transform: current => ({
            ...current!,
            metadata: { ...current!.metadata, labels: changed },
          }),
        },
      ),
    relabelPod: (spec: Partial<PodSpec>) =>
      registry(pods).update(
        asked,
        { namespace: 'team', name: 'a' },
        {
          transform: current => ({ ...current!, spec: { ...(current as Pod).spec, ...spec } }) as never,
        },
      ),
  }
}

const bare: PodSpec = { containers: [{ name: 'c' }] }
const restricted: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    { name: 'c', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
  ],
}
const bareUnderRestricted =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
  'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
  'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
  'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'

test('A namespace without labels lets every Pod in', async () => {
  const { create, warnings } = await start({})
  await create({ ...bare, hostNetwork: true })
  expect(warnings).toEqual([])
})

test('Restricted refuses a bare Pod, says all that it lacks, and takes one that has it', async () => {
  const { create } = await start({ [label('enforce')]: 'restricted' })
  await expect(create(bare)).rejects.toMatchObject({
    code: 403,
    message: `pods "a" is forbidden: violates PodSecurity "restricted:latest": ${bareUnderRestricted}`,
  })
  await create(restricted)
})

test('Pods for Windows are not asked for what only Linux has', async () => {
  const { create } = await start({ [label('enforce')]: 'restricted' })
  await create({ ...bare, os: { name: 'windows' }, securityContext: { runAsNonRoot: true } })
})

test.each<[string, Partial<PodSpec>, string]>([
  [
    'host namespaces',
    { hostNetwork: true, hostPID: true },
    'host namespaces (hostNetwork=true, hostPID=true)',
  ],
  [
    'privileged containers',
    { containers: [{ name: 'c', securityContext: { privileged: true } }] },
    'privileged (container "c" must not set securityContext.privileged=true)',
  ],
  [
    'capabilities beyond the default ones',
    {
      containers: [
        { name: 'c', securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } },
        { name: 'd', securityContext: { capabilities: { add: ['BPF'] } } },
      ],
    },
    'non-default capabilities (containers "c", "d" must not include "BPF", "NET_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'hostPath volumes',
    { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    'hostPath volumes (volume "v")',
  ],
  [
    'host ports',
    { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] },
    'hostPort (container "c" uses hostPort 80)',
  ],
  [
    'hosts in probes',
    { containers: [{ name: 'c', livenessProbe: { tcpSocket: { port: 1, host: 'db' } } }] },
    'probe or lifecycle host (container "c" uses probe or lifecycle host "db")',
  ],
  [
    'procMount',
    { containers: [{ name: 'c', securityContext: { procMount: 'Unmasked' } }] },
    'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'SELinux types and users',
    { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
  ],
  [
    'seccomp switched off',
    {
      securityContext: { seccompProfile: { type: 'Unconfined' } },
      initContainers: [{ name: 'i', securityContext: { seccompProfile: { type: 'Unconfined' } } }],
    },
    'seccompProfile (pod and container "i" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'sysctls that reach beyond the Pod',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    'forbidden sysctls (kernel.msgmax)',
  ],
  [
    'Windows host processes',
    { securityContext: { windowsOptions: { hostProcess: true } } },
    'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
  ],
  [
    'AppArmor switched off',
    { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
    'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
  ],
])('Baseline refuses %s', async (_, spec, expected) => {
  const { create } = await start({ [label('enforce')]: 'baseline' })
  await expect(create({ ...bare, ...spec })).rejects.toThrow(
    `pods "a" is forbidden: violates PodSecurity "baseline:latest": ${expected}`,
  )
})

test('Restricted names volume types, root users and added capabilities', async () => {
  const { create } = await start({ [label('enforce')]: 'restricted' })
  const [container] = restricted.containers
  const capabilities = { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'CHOWN'] }
  const spec = {
    ...restricted,
    volumes: [
      { name: 'v', hostPath: { path: '/' } },
      { name: 'w', nfs: { server: 's', path: '/' } },
      { name: 'x', emptyDir: {} },
    ],
    containers: [
      { name: 'c', securityContext: { ...container!.securityContext, capabilities, runAsUser: 0 } },
    ],
  }
  await expect(create(spec)).rejects.toThrow(
    'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add), ' +
      'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs"), ' +
      'runAsUser=0 (container "c" must not set runAsUser=0)',
  )
})

test('An older version of the standard asks for what it had then', async () => {
  const { create } = await start({
    [label('enforce')]: 'baseline',
    [label('enforce-version')]: 'v1.26',
  })
  const containers = [{ name: 'c', livenessProbe: { tcpSocket: { port: 1, host: 'db' } } }]
  await create({ containers })
  const sysctls = [{ name: 'net.ipv4.tcp_rmem', value: '1' }]
  await expect(create({ ...bare, securityContext: { sysctls } }, { name: 'b' })).rejects.toThrow(
    'violates PodSecurity "baseline:v1.26": forbidden sysctls (net.ipv4.tcp_rmem)',
  )
})

const inUserNamespace = { hostUsers: false }
const asRoot = { runAsUser: 0 }
const unmasked = { containers: [{ name: 'c', securityContext: { procMount: 'Unmasked' } }] }
const hardened = restricted.containers[0]!.securityContext

/** What a version of a standard says of a Pod; '' where it lets it in. */
test.each<[string, string, Partial<PodSpec>, string]>([
  ['baseline', 'latest', { ...unmasked, ...inUserNamespace }, ''],
  ['baseline', 'v1.35', { ...unmasked, ...inUserNamespace }, ''],
  ['baseline', 'v1.34', { ...unmasked, ...inUserNamespace }, 'procMount (container "c" must not set'],
  ['baseline', 'v1.35', { ...unmasked, hostUsers: true }, 'procMount (container "c" must not set'],
  [
    'restricted',
    'latest',
    {
      ...inUserNamespace,
      containers: [{ name: 'c', securityContext: { ...hardened, ...asRoot, procMount: 'Unmasked' } }],
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    },
    'procMount (container "c" must not set',
  ],
  [
    'restricted',
    'latest',
    {
      ...inUserNamespace,
      containers: [{ name: 'c', securityContext: { ...hardened, ...asRoot } }],
      securityContext: { seccompProfile: { type: 'RuntimeDefault' }, runAsNonRoot: false },
    },
    '',
  ],
  [
    'restricted',
    'v1.34',
    {
      ...inUserNamespace,
      containers: [{ name: 'c', securityContext: { ...hardened, ...asRoot } }],
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    },
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), runAsUser=0 (',
  ],
  ['baseline', 'v1.31', { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }, ''],
  [
    'baseline',
    'v1.30',
    { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } },
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  ],
  ['restricted', 'v1.25', { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }, ''],
  [
    'restricted',
    'v1.24',
    { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } },
    'allowPrivilegeEscalation != false (',
  ],
  [
    'baseline',
    'v1.33',
    { containers: [{ name: 'c', lifecycle: { preStop: { httpGet: { port: 1, host: 'a' } } } }] },
    '',
  ],
  [
    'baseline',
    'v1.34',
    { containers: [{ name: 'c', lifecycle: { preStop: { httpGet: { port: 1, host: 'a' } } } }] },
    'probe or lifecycle host (container "c" uses probe or lifecycle host "a")',
  ],
  ['restricted', 'v1.25', { ...restricted, volumes: [{ name: 'v', image: { reference: 'i' } }] }, ''],
  [
    'baseline',
    'v1.27',
    { securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports', value: '1' }] } },
    '',
  ],
  [
    'baseline',
    'v1.26',
    { securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports', value: '1' }] } },
    'forbidden sysctls (net.ipv4.ip_local_reserved_ports)',
  ],
  [
    'baseline',
    'latest',
    { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_notsent_lowat', value: '1' }] } },
    'forbidden sysctls (net.ipv4.tcp_notsent_lowat)',
  ],
])('%s of %s, asked about %j, says %j', async (level, version, spec, expected) => {
  const { create } = await start({ [label('enforce')]: level, [label('enforce-version')]: version })
  const created = create({ ...bare, ...spec })
  if (expected === '') await created
  else await expect(created).rejects.toThrow(`violates PodSecurity "${level}:${version}": ${expected}`)
})

test('The level to warn about warns, for templates too, and lets in', async () => {
  const { create, deploy, warnings } = await start({ [label('warn')]: 'restricted' })
  await create(bare)
  await deploy(bare)
  const warning = `would violate PodSecurity "restricted:latest": ${bareUnderRestricted}`
  expect(warnings).toEqual([warning, warning])
})

test('A Pod that is there already may be changed as long as its spec stays', async () => {
  const { create, label: relabel, relabelPod } = await start({})
  await create(bare)
  await relabel({ [label('enforce')]: 'restricted' })
  await relabelPod({})
  await expect(relabelPod({ containers: [{ name: 'c', image: 'b' }] })).rejects.toThrow(
    'violates PodSecurity',
  )
})

test('A namespace that gets stricter warns about its Pods, alike ones in one line', async () => {
  const { create, label: relabel, warnings } = await start({})
  await create(bare, { name: 'b' })
  await create(bare, { name: 'a' })
  await create({ ...restricted, hostNetwork: true }, { name: 'c' })
  await relabel({ [label('enforce')]: 'restricted' })
  expect(warnings).toEqual([
    'existing pods in namespace "team" violate the new PodSecurity enforce level "restricted:latest"',
    'a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
    'c: host namespaces',
  ])
})

test('Labels that say nothing known are refused', async () => {
  await expect(start({ [label('enforce')]: 'strict', [label('warn-version')]: '1.30' })).rejects.toThrow(
    '[metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, ' +
      'metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.30": must be "latest" or "v1.x"]',
  )
})
