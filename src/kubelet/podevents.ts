// The Events of a Pod's life on a node, worded as the current kubelet words them: people and tests look for
// these sentences.
import type { Container, Pod } from '../api/generated/types.ts'
import { pods } from '../api/resources/core/pod.ts'
import type { EventRecorder, EventType } from '../client/events.ts'
import type { ContainerKind, StartStep } from './runtime.ts'

export interface ContainerSubject {
  readonly name: string
  /** `spec.containers{web}`. */
  readonly fieldPath: string
}

const lists: Readonly<Record<ContainerKind, string>> = {
  main: 'containers',
  init: 'initContainers',
  ephemeral: 'ephemeralContainers',
}

export const describeContainer = (found: {
  readonly container: Container
  readonly kind: ContainerKind
}): ContainerSubject => ({
  name: found.container.name,
  fieldPath: `spec.${lists[found.kind]}{${found.container.name}}`,
})

export interface EventText {
  readonly reason: string
  readonly message: string
}

/** As Go prints a duration, to the millisecond. */
function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  const minutes = Math.floor(ms / 60_000)
  const seconds = `${Math.round(ms % 60_000) / 1000}s`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}

/** What a container that waits for its next start says, and the Event about it. */
export function describeBackOff(pod: Pod, name: string, delayMs: number) {
  const { name: podName, namespace, uid } = pod.metadata
  const where = `${podName}_${namespace}(${uid})`
  const message = `back-off ${formatDuration(delayMs)} restarting failed container=${name} pod=${where}`
  const event = `Back-off restarting failed container ${name} in pod ${where}`
  return {
    waiting: { reason: 'CrashLoopBackOff', message },
    event: { reason: 'BackOff', message: event },
  }
}

function describeStep(step: StartStep, image: string): EventText {
  switch (step.type) {
    case 'pulling':
      return { reason: 'Pulling', message: `Pulling image "${image}"` }
    case 'pulled': {
      const took = formatDuration(step.durationMs)
      const size = `Image size: ${step.sizeBytes} bytes.`
      const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). ${size}`
      return { reason: 'Pulled', message }
    }
    case 'present': {
      const message = `Container image "${image}" already present on machine and can be accessed by the pod`
      return { reason: 'Pulled', message }
    }
    case 'created':
      return { reason: 'Created', message: 'Container created' }
  }
}

export class PodEvents {
  readonly #recorder: EventRecorder

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder
  }

  warn(pod: Pod, reason: string, message: string): void {
    this.#recorder.event({ resource: pods, object: pod }, 'Warning', { reason, message })
  }

  note(pod: Pod, reason: string, message: string): void {
    this.#recorder.event({ resource: pods, object: pod }, 'Normal', { reason, message })
  }

  failedMount(pod: Pod, message: string): void {
    this.warn(pod, 'FailedMount', message)
  }

  container(pod: Pod, { fieldPath }: ContainerSubject, type: EventType, text: EventText): void {
    this.#recorder.event({ resource: pods, object: pod, fieldPath }, type, text)
  }

  started(pod: Pod, subject: ContainerSubject): void {
    this.container(pod, subject, 'Normal', { reason: 'Started', message: 'Container started' })
  }

  step(pod: Pod, subject: ContainerSubject, { step, image }: { step: StartStep; image: string }): void {
    this.container(pod, subject, 'Normal', describeStep(step, image))
  }

  failedStart(pod: Pod, subject: ContainerSubject, failure: EventText & { readonly image?: string }): void {
    const { reason, message, image = '' } = failure
    const failed = (text: string) =>
      this.container(pod, subject, 'Warning', { reason: 'Failed', message: text })
    if (reason === 'ErrImagePull') {
      failed(`Failed to pull image "${image}": ${message}`)
      failed('Error: ErrImagePull')
    } else if (reason === 'ImagePullBackOff') {
      const text = { reason: 'BackOff', message: `Back-off pulling image "${image}"` }
      this.container(pod, subject, 'Normal', text)
      failed('Error: ImagePullBackOff')
    } else if (reason === 'InvalidImageName') {
      this.container(pod, subject, 'Warning', { reason: 'InspectFailed', message })
      failed('Error: InvalidImageName')
    } else failed(`Error: ${message}`)
  }

  killing(pod: Pod, subject: ContainerSubject, message: string): void {
    this.container(pod, subject, 'Normal', { reason: 'Killing', message })
  }
}
