// A container as CRI has it: what the kubelet made for it, what it may do and use, where its log goes
// (upstream pkg/kubelet/kuberuntime/kuberuntime_container.go). Pure.
import type { Container, Pod } from '../../api/generated/types.ts'
import { imageName } from '../image.ts'
import type { ContainerEnvironment, ContainerMount } from '../runtime.ts'
import { type ContainerConfig, type Mount, propagation } from './runtimeapi.ts'
import { identityLabels, identityOf, podLabels } from './sandboxconfig.ts'

/** Under these the kubelet keeps what it needs to know of a container after a restart. */
export const containerAnnotations = {
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  /** The image's name as statuses show it. */
  image: 'futago.io/image',
  /** The file on the node. */
  terminationMessageFile: 'futago.io/termination-message-file',
} as const

export const defaultTerminationMessagePath = '/dev/termination-log'

/** Relative to the Pod's folder of logs. */
export const logPath = (container: string, attempt: number): string => `${container}/${attempt}.log`

const mountOf = ({ path, hostPath, isReadOnly, propagation: kind }: ContainerMount): Mount => ({
  containerPath: path,
  hostPath,
  readonly: isReadOnly,
  propagation: propagation[kind],
})

export interface ContainerConfigInput {
  readonly pod: Pod
  readonly container: Container
  readonly attempt: number
  readonly environment: ContainerEnvironment
  /** The image's id, as the runtime has it. */
  readonly imageRef: string
  /** The node's file for the termination message. */
  readonly terminationMessageFile: string
  readonly linux: NonNullable<ContainerConfig['linux']>
}

export function containerConfig(input: ContainerConfigInput): ContainerConfig {
  const { pod, container, attempt, environment, imageRef, terminationMessageFile, linux } = input
  const { terminationMessagePath = defaultTerminationMessagePath, terminationMessagePolicy = 'File' } =
    container
  const mounts = environment.mounts.filter(({ hostPath }) => hostPath !== undefined).map(mountOf)
  const isCovered = mounts.some(({ containerPath }) => containerPath === terminationMessagePath)
  if (!isCovered) mounts.push({ containerPath: terminationMessagePath, hostPath: terminationMessageFile })
  return {
    metadata: { name: container.name, attempt },
    image: { image: imageRef },
    command: environment.command,
    args: environment.args,
    workingDir: environment.workingDirectory,
    envs: environment.variables.map(([key, value]) => ({ key, value })),
    mounts,
    labels: { ...identityLabels(identityOf(pod)), [podLabels.container]: container.name },
    annotations: {
      [containerAnnotations.image]: imageName(container.image ?? '')?.image ?? '',
      [containerAnnotations.restartCount]: String(attempt),
      [containerAnnotations.terminationMessagePath]: terminationMessagePath,
      [containerAnnotations.terminationMessagePolicy]: terminationMessagePolicy,
      [containerAnnotations.terminationMessageFile]: terminationMessageFile,
    },
    logPath: logPath(container.name, attempt),
    stdin: container.stdin,
    stdinOnce: container.stdinOnce,
    tty: container.tty,
    linux,
  }
}
