// A container's security context as CRI has it: the Pod's settings under the container's own (upstream
// pkg/kubelet/kuberuntime/security_context.go and pkg/securitycontext). Pure.
import type { Container, Pod, SeccompProfile } from '../../api/generated/types.ts'
import { type ContainerKind, RuntimeError } from '../runtime.ts'
import {
  type ContainerConfig,
  type LinuxContainerSecurityContext,
  namespaceMode,
  type PodSandboxConfig,
  profileType,
} from './runtimeapi.ts'

/** Who an image wants to be: a number, a name, or nobody in particular. */
export interface ImageUser {
  readonly uid?: number
  readonly username: string
}

/** Parts of /proc and /sys that a container does not see, or only reads, but for `procMount`. */
export const maskedPaths: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
export const readonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]

type Profile = NonNullable<LinuxContainerSecurityContext['seccomp']>

/** Local profiles are files below the folder. */
function profileOf(profile: SeccompProfile | undefined, folder: string): Profile {
  const { type = 'Unconfined', localhostProfile = '' } = profile ?? {}
  if (type === 'Localhost') {
    return { profileType: profileType.Localhost, localhostRef: `${folder}/${localhostProfile}` }
  }
  return { profileType: type === 'RuntimeDefault' ? profileType.RuntimeDefault : profileType.Unconfined }
}

const value = (number: number | undefined) => (number === undefined ? undefined : { value: number })

/** The ids that the Pod's processes have besides their own, and by which they share volumes. */
function supplementalGroups(pod: Pod): number[] {
  const { supplementalGroups = [], fsGroup } = pod.spec?.securityContext ?? {}
  return [...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])])]
}

export const isPrivileged = (container: Container): boolean => container.securityContext?.privileged ?? false

const allContainers = (pod: Pod): Container[] => [
  ...(pod.spec?.initContainers ?? []),
  ...(pod.spec?.containers ?? []),
]

type SandboxContext = NonNullable<NonNullable<PodSandboxConfig['linux']>['securityContext']>

export function sandboxSecurityContext(pod: Pod): SandboxContext {
  const { spec = { containers: [] } } = pod
  const { runAsUser, runAsGroup } = spec.securityContext ?? {}
  return {
    namespaceOptions: {
      network: spec.hostNetwork ? namespaceMode.node : namespaceMode.pod,
      pid: podPID(pod),
      ipc: spec.hostIPC ? namespaceMode.node : namespaceMode.pod,
    },
    runAsUser: value(runAsUser),
    // A group without a user is refused; the sandbox's own process needs none.
    runAsGroup: runAsUser === undefined ? undefined : value(runAsGroup),
    supplementalGroups: supplementalGroups(pod),
    privileged: allContainers(pod).some(isPrivileged),
    seccomp: { profileType: profileType.RuntimeDefault },
  }
}

/**
 * Runtimes refuse a privileged container where the sandbox is not said to be: an ephemeral one may come after
 * the sandbox was made.
 */
export function sandboxConfigFor(container: ContainerConfig, sandbox: PodSandboxConfig): PodSandboxConfig {
  if (!container.linux?.securityContext?.privileged) return sandbox
  const securityContext = { ...sandbox.linux?.securityContext, privileged: true }
  return { ...sandbox, linux: { ...sandbox.linux, securityContext } }
}

function podPID(pod: Pod): number {
  if (pod.spec?.hostPID) return namespaceMode.node
  return pod.spec?.shareProcessNamespace ? namespaceMode.pod : namespaceMode.container
}

export interface SecurityContextInput {
  readonly pod: Pod
  readonly container: Container
  readonly kind: ContainerKind
  readonly image: ImageUser
  /** Where local seccomp profiles are. */
  readonly seccompFolder: string
  /** The container whose processes an ephemeral container is to see. */
  readonly targetId?: string
}

/** Upstream's sentences; the reason is that of the container's waiting state. */
function checkNonRoot({ pod, container, image }: SecurityContextInput, runAsUser: number | undefined): void {
  const isRequired = container.securityContext?.runAsNonRoot ?? pod.spec?.securityContext?.runAsNonRoot
  if (!isRequired) return
  const { name, namespace, uid } = pod.metadata
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`
  const refuse = (why: string): never => {
    throw new RuntimeError('CreateContainerConfigError', `${why} ${where}`)
  }
  if (runAsUser === 0) refuse("container's runAsUser breaks non-root policy")
  if (runAsUser !== undefined) return
  if (image.uid === undefined && image.username !== '') {
    refuse(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), ` +
        'cannot verify user is non-root',
    )
  }
  if ((image.uid ?? 0) === 0) refuse('container has runAsNonRoot and image will run as root')
}

/** Throws RuntimeError when the image would run as root and must not. */
export function containerSecurityContext(input: SecurityContextInput): LinuxContainerSecurityContext {
  const { pod, container, image, seccompFolder, targetId } = input
  const own = container.securityContext ?? {}
  const shared = pod.spec?.securityContext ?? {}
  const runAsUser = own.runAsUser ?? shared.runAsUser
  checkNonRoot(input, runAsUser)
  const isByName = runAsUser === undefined && image.uid === undefined && image.username !== ''
  const { add = [], drop = [] } = own.capabilities ?? {}
  const isPrivilegedContainer = own.privileged ?? false
  const isUnmasked = own.procMount === 'Unmasked' || isPrivilegedContainer
  const apparmor = own.appArmorProfile ?? shared.appArmorProfile
  return {
    capabilities: { addCapabilities: add, dropCapabilities: drop },
    privileged: isPrivilegedContainer,
    namespaceOptions: {
      network: pod.spec?.hostNetwork ? namespaceMode.node : namespaceMode.pod,
      pid: targetId ? namespaceMode.target : podPID(pod),
      ipc: pod.spec?.hostIPC ? namespaceMode.node : namespaceMode.pod,
      targetId,
    },
    runAsUser: isByName ? undefined : { value: runAsUser ?? image.uid ?? 0 },
    runAsUsername: isByName ? image.username : undefined,
    runAsGroup: value(own.runAsGroup ?? shared.runAsGroup),
    readonlyRootfs: own.readOnlyRootFilesystem,
    supplementalGroups: supplementalGroups(pod),
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: isUnmasked ? [] : maskedPaths,
    readonlyPaths: isUnmasked ? [] : readonlyPaths,
    seccomp: isPrivilegedContainer
      ? { profileType: profileType.Unconfined }
      : profileOf(own.seccompProfile ?? shared.seccompProfile, seccompFolder),
    apparmor: apparmor ? { ...profileOf(apparmor, ''), localhostRef: apparmor.localhostProfile } : undefined,
  }
}
