// The container runtime interface, runtime.v1 (k8s.io/cri-api pkg/apis/runtime/v1/api.proto): the messages
// of the calls that the kubelet makes, with the field numbers of that file. What the kubelet never sends
// or looks at is left out. Spoken by containerd from 1.6 on, and by CRI-O.
import {
  bytes,
  defineMessage,
  flag,
  integer,
  integers,
  type Message,
  message,
  messages,
  type Read,
  text,
  textMap,
  texts,
  type Written,
} from '../../protobuf/message.ts'

export const protocol = { TCP: 0, UDP: 1, SCTP: 2 } as const
export const propagation = { None: 0, HostToContainer: 1, Bidirectional: 2 } as const
export const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const
export const profileType = { RuntimeDefault: 0, Unconfined: 1, Localhost: 2 } as const
export const sandboxState = { ready: 0, notReady: 1 } as const
export const containerState = { created: 0, running: 1, exited: 2, unknown: 3 } as const

const integerValue = defineMessage({ value: integer(1) })

const dnsConfig = defineMessage({ servers: texts(1), searches: texts(2), options: texts(3) })
const portMapping = defineMessage({
  protocol: integer(1),
  containerPort: integer(2),
  hostPort: integer(3),
  hostIp: text(4),
})
const mount = defineMessage({
  containerPath: text(1),
  hostPath: text(2),
  readonly: flag(3),
  selinuxRelabel: flag(4),
  propagation: integer(5),
})
const namespaceOption = defineMessage({
  network: integer(1),
  pid: integer(2),
  ipc: integer(3),
  targetId: text(4),
})
const seLinuxOption = defineMessage({ user: text(1), role: text(2), type: text(3), level: text(4) })
const securityProfile = defineMessage({ profileType: integer(1), localhostRef: text(2) })
const sandboxSecurityContext = defineMessage({
  namespaceOptions: message(1, namespaceOption),
  selinuxOptions: message(2, seLinuxOption),
  runAsUser: message(3, integerValue),
  readonlyRootfs: flag(4),
  supplementalGroups: integers(5),
  privileged: flag(6),
  runAsGroup: message(8, integerValue),
  seccomp: message(9, securityProfile),
  apparmor: message(10, securityProfile),
})
const linuxPodSandboxConfig = defineMessage({
  cgroupParent: text(1),
  securityContext: message(2, sandboxSecurityContext),
  sysctls: textMap(3),
})
const podSandboxMetadata = defineMessage({
  name: text(1),
  uid: text(2),
  namespace: text(3),
  attempt: integer(4),
})
const podSandboxConfig = defineMessage({
  metadata: message(1, podSandboxMetadata),
  hostname: text(2),
  logDirectory: text(3),
  dnsConfig: message(4, dnsConfig),
  portMappings: messages(5, portMapping),
  labels: textMap(6),
  annotations: textMap(7),
  linux: message(8, linuxPodSandboxConfig),
})
export type PodSandboxConfig = Written<typeof podSandboxConfig>

const podSandboxStatus = defineMessage({
  id: text(1),
  metadata: message(2, podSandboxMetadata),
  state: integer(3),
  createdAt: integer(4),
  network: message(
    5,
    defineMessage({ ip: text(1), additionalIps: messages(2, defineMessage({ ip: text(1) })) }),
  ),
  labels: textMap(7),
  annotations: textMap(8),
})

const podSandbox = defineMessage({
  id: text(1),
  metadata: message(2, podSandboxMetadata),
  state: integer(3),
  createdAt: integer(4),
  labels: textMap(5),
  annotations: textMap(6),
})
export type PodSandbox = Read<typeof podSandbox>

const imageSpec = defineMessage({ image: text(1), annotations: textMap(2) })
const linuxContainerResources = defineMessage({
  cpuPeriod: integer(1),
  cpuQuota: integer(2),
  cpuShares: integer(3),
  memoryLimitInBytes: integer(4),
  oomScoreAdj: integer(5),
  hugepageLimits: messages(8, defineMessage({ pageSize: text(1), limit: integer(2) })),
  unified: textMap(9),
  memorySwapLimitInBytes: integer(10),
})
export type LinuxContainerResources = Written<typeof linuxContainerResources>

const linuxContainerSecurityContext = defineMessage({
  capabilities: message(1, defineMessage({ addCapabilities: texts(1), dropCapabilities: texts(2) })),
  privileged: flag(2),
  namespaceOptions: message(3, namespaceOption),
  selinuxOptions: message(4, seLinuxOption),
  runAsUser: message(5, integerValue),
  runAsUsername: text(6),
  readonlyRootfs: flag(7),
  supplementalGroups: integers(8),
  noNewPrivs: flag(11),
  runAsGroup: message(12, integerValue),
  maskedPaths: texts(13),
  readonlyPaths: texts(14),
  seccomp: message(15, securityProfile),
  apparmor: message(16, securityProfile),
})
export type LinuxContainerSecurityContext = Written<typeof linuxContainerSecurityContext>

const linuxContainerConfig = defineMessage({
  resources: message(1, linuxContainerResources),
  securityContext: message(2, linuxContainerSecurityContext),
})
const containerMetadata = defineMessage({ name: text(1), attempt: integer(2) })
const containerConfig = defineMessage({
  metadata: message(1, containerMetadata),
  image: message(2, imageSpec),
  command: texts(3),
  args: texts(4),
  workingDir: text(5),
  envs: messages(6, defineMessage({ key: text(1), value: text(2) })),
  mounts: messages(7, mount),
  devices: messages(8, defineMessage({ containerPath: text(1), hostPath: text(2), permissions: text(3) })),
  labels: textMap(9),
  annotations: textMap(10),
  logPath: text(11),
  stdin: flag(12),
  stdinOnce: flag(13),
  tty: flag(14),
  linux: message(15, linuxContainerConfig),
})
export type ContainerConfig = Written<typeof containerConfig>
export type Mount = Written<typeof mount>

const container = defineMessage({
  id: text(1),
  podSandboxId: text(2),
  metadata: message(3, containerMetadata),
  image: message(4, imageSpec),
  imageRef: text(5),
  state: integer(6),
  createdAt: integer(7),
  labels: textMap(8),
  annotations: textMap(9),
})
export type CRIContainer = Read<typeof container>

const containerStatus = defineMessage({
  id: text(1),
  metadata: message(2, containerMetadata),
  state: integer(3),
  createdAt: integer(4),
  startedAt: integer(5),
  finishedAt: integer(6),
  exitCode: integer(7),
  image: message(8, imageSpec),
  imageRef: text(9),
  reason: text(10),
  message: text(11),
  labels: textMap(12),
  annotations: textMap(13),
  mounts: messages(14, mount),
  logPath: text(15),
})
export type CRIContainerStatus = Read<typeof containerStatus>

const image = defineMessage({
  id: text(1),
  repoTags: texts(2),
  repoDigests: texts(3),
  size: integer(4),
  uid: message(5, integerValue),
  username: text(6),
})
export type CRIImage = Read<typeof image>

const authConfig = defineMessage({
  username: text(1),
  password: text(2),
  auth: text(3),
  serverAddress: text(4),
  identityToken: text(5),
  registryToken: text(6),
})
export type AuthConfig = Written<typeof authConfig>

const containerStats = defineMessage({
  attributes: message(
    1,
    defineMessage({ id: text(1), metadata: message(2, containerMetadata), labels: textMap(3) }),
  ),
  cpu: message(2, defineMessage({ timestamp: integer(1), usageCoreNanoSeconds: message(2, integerValue) })),
  memory: message(3, defineMessage({ timestamp: integer(1), workingSetBytes: message(2, integerValue) })),
})
export type CRIContainerStats = Read<typeof containerStats>

const nothing = defineMessage({})
const sandboxId = defineMessage({ podSandboxId: text(1) })
const containerId = defineMessage({ containerId: text(1) })
const streamingURL = defineMessage({ url: text(1) })

export interface RPC<Input, Output> {
  readonly path: string
  readonly request: Message<Input, unknown>
  readonly response: Message<never, Output>
}

const rpc =
  (service: string) =>
  <Input, Output>(
    name: string,
    request: Message<Input, unknown>,
    response: Message<never, Output>,
  ): RPC<Input, Output> => ({ path: `/runtime.v1.${service}/${name}`, request, response })

const onRuntime = rpc('RuntimeService')
const onImages = rpc('ImageService')

export const runtimeAPI = {
  version: onRuntime(
    'Version',
    defineMessage({ version: text(1) }),
    defineMessage({
      version: text(1),
      runtimeName: text(2),
      runtimeVersion: text(3),
      runtimeApiVersion: text(4),
    }),
  ),
  status: onRuntime(
    'Status',
    defineMessage({ verbose: flag(1) }),
    defineMessage({
      status: message(
        1,
        defineMessage({
          conditions: messages(
            1,
            defineMessage({ type: text(1), status: flag(2), reason: text(3), message: text(4) }),
          ),
        }),
      ),
    }),
  ),
  runPodSandbox: onRuntime(
    'RunPodSandbox',
    defineMessage({ config: message(1, podSandboxConfig), runtimeHandler: text(2) }),
    sandboxId,
  ),
  stopPodSandbox: onRuntime('StopPodSandbox', sandboxId, nothing),
  removePodSandbox: onRuntime('RemovePodSandbox', sandboxId, nothing),
  podSandboxStatus: onRuntime(
    'PodSandboxStatus',
    defineMessage({ podSandboxId: text(1), verbose: flag(2) }),
    defineMessage({ status: message(1, podSandboxStatus) }),
  ),
  listPodSandbox: onRuntime(
    'ListPodSandbox',
    defineMessage({ filter: message(1, defineMessage({ id: text(1), labelSelector: textMap(3) })) }),
    defineMessage({ items: messages(1, podSandbox) }),
  ),
  createContainer: onRuntime(
    'CreateContainer',
    defineMessage({
      podSandboxId: text(1),
      config: message(2, containerConfig),
      sandboxConfig: message(3, podSandboxConfig),
    }),
    containerId,
  ),
  startContainer: onRuntime('StartContainer', containerId, nothing),
  stopContainer: onRuntime(
    'StopContainer',
    defineMessage({ containerId: text(1), timeout: integer(2) }),
    nothing,
  ),
  removeContainer: onRuntime('RemoveContainer', containerId, nothing),
  listContainers: onRuntime(
    'ListContainers',
    defineMessage({
      filter: message(1, defineMessage({ id: text(1), podSandboxId: text(3), labelSelector: textMap(4) })),
    }),
    defineMessage({ containers: messages(1, container) }),
  ),
  containerStatus: onRuntime(
    'ContainerStatus',
    defineMessage({ containerId: text(1), verbose: flag(2) }),
    defineMessage({ status: message(1, containerStatus) }),
  ),
  reopenContainerLog: onRuntime('ReopenContainerLog', containerId, nothing),
  execSync: onRuntime(
    'ExecSync',
    defineMessage({ containerId: text(1), cmd: texts(2), timeout: integer(3) }),
    defineMessage({ stdout: bytes(1), stderr: bytes(2), exitCode: integer(3) }),
  ),
  exec: onRuntime(
    'Exec',
    defineMessage({
      containerId: text(1),
      cmd: texts(2),
      tty: flag(3),
      stdin: flag(4),
      stdout: flag(5),
      stderr: flag(6),
    }),
    streamingURL,
  ),
  attach: onRuntime(
    'Attach',
    defineMessage({ containerId: text(1), stdin: flag(2), tty: flag(3), stdout: flag(4), stderr: flag(5) }),
    streamingURL,
  ),
  portForward: onRuntime(
    'PortForward',
    defineMessage({ podSandboxId: text(1), port: integers(2) }),
    streamingURL,
  ),
  listContainerStats: onRuntime(
    'ListContainerStats',
    defineMessage({
      filter: message(1, defineMessage({ id: text(1), podSandboxId: text(2), labelSelector: textMap(3) })),
    }),
    defineMessage({ stats: messages(1, containerStats) }),
  ),
  listImages: onImages(
    'ListImages',
    defineMessage({ filter: message(1, defineMessage({ image: message(1, imageSpec) })) }),
    defineMessage({ images: messages(1, image) }),
  ),
  imageStatus: onImages(
    'ImageStatus',
    defineMessage({ image: message(1, imageSpec), verbose: flag(2) }),
    defineMessage({ image: message(1, image) }),
  ),
  pullImage: onImages(
    'PullImage',
    defineMessage({
      image: message(1, imageSpec),
      auth: message(2, authConfig),
      sandboxConfig: message(3, podSandboxConfig),
    }),
    defineMessage({ imageRef: text(1) }),
  ),
} as const
