// The Events of a Pod's life on a node, worded as the current kubelet words them: people and tests look for
// these sentences.
import type { Container, Pod } from '../api/generated/types.ts'
import { pods } from '../api/resources/core/pod.ts'
import type { EventRecorder, EventType } from '../client/events.ts'
import { imageSize } from './image.ts'
import type { ContainerKind } from './runtime.ts'

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

export class PodEvents {
  readonly #recorder: EventRecorder

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder
  }

  warn(pod: Pod, reason: string, message: string): void {
    this.#recorder.event({ resource: pods, object: pod }, 'Warning', { reason, message })
  }

  failedMount(pod: Pod, message: string): void {
    this.warn(pod, 'FailedMount', message)
  }

  container(pod: Pod, { fieldPath }: ContainerSubject, type: EventType, text: EventText): void {
    this.#recorder.event({ resource: pods, object: pod, fieldPath }, type, text)
  }

  started(pod: Pod, subject: ContainerSubject, container: Container): void {
    this.#pulled(pod, subject, container)
    this.container(pod, subject, 'Normal', { reason: 'Created', message: 'Container created' })
    this.container(pod, subject, 'Normal', { reason: 'Started', message: 'Container started' })
  }

  #pulled(pod: Pod, subject: ContainerSubject, { image = '', imagePullPolicy }: Container): void {
    if (imagePullPolicy !== 'Always') {
      const message = `Container image "${image}" already present on machine and can be accessed by the pod`
      this.container(pod, subject, 'Normal', { reason: 'Pulled', message })
      return
    }
    this.container(pod, subject, 'Normal', { reason: 'Pulling', message: `Pulling image "${image}"` })
    const size = `Image size: ${imageSize(image)} bytes.`
    const message = `Successfully pulled image "${image}" in 1ms (1ms including waiting). ${size}`
    this.container(pod, subject, 'Normal', { reason: 'Pulled', message })
  }

  failedStart(pod: Pod, subject: ContainerSubject, failure: EventText & { readonly image?: string }): void {
    const { reason, message, image = '' } = failure
    const failed = (text: string) =>
      this.container(pod, subject, 'Warning', { reason: 'Failed', message: text })
    if (reason === 'ErrImagePull') {
      this.container(pod, subject, 'Normal', { reason: 'Pulling', message: `Pulling image "${image}"` })
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
