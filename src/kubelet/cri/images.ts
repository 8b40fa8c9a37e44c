// Images for containers: looked up, or pulled as the pull policy says, with the back-off, reasons and
// sentences of upstream's pkg/kubelet/images. An image that is there needs no registry.
import type { Secret } from '../../api/generated/types.ts'
import type { Clock } from '../../component/clock.ts'
import { GRPCError } from '../../grpc/channel.ts'
import { imageName } from '../image.ts'
import { RuntimeError, type StartStep } from '../runtime.ts'
import type { CRIClient } from './criclient.ts'
import { credentialsFor } from './registrycredentials.ts'
import { type AuthConfig, type CRIImage, runtimeAPI } from './runtimeapi.ts'

const firstBackoffMs = 10_000
const lastBackoffMs = 300_000
/** Slow registries with large images. */
const pullTimeoutMs = 30 * 60_000

interface Failure {
  readonly delayMs: number
  readonly untilMs: number
  readonly why: string
}

export interface ImageRequest {
  readonly podUID: string
  /** As the container has it. */
  readonly image: string
  readonly policy: string
  /** Asked only when something is to be pulled. */
  secrets(): Promise<readonly Secret[]>
  report(step: StartStep): void
}

export class Images {
  readonly #client: CRIClient
  readonly #clock: Clock
  readonly #failures = new Map<string, Failure>()
  /** Under way: containers that want the same wait together. */
  readonly #pulls = new Map<string, Promise<void>>()

  constructor(client: CRIClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Makes sure that the image is there. Throws RuntimeError. */
  async ensure(request: ImageRequest): Promise<CRIImage> {
    const { image, policy, report } = request
    const name = imageName(image)
    if (!name) {
      const why = `couldn't parse image name "${image}": invalid reference format`
      throw new RuntimeError('InvalidImageName', `Failed to apply default image tag "${image}": ${why}`)
    }
    const known = await this.#find(image)
    if (known && policy !== 'Always') {
      report({ type: 'present' })
      return known
    }
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`
      throw new RuntimeError('ErrImageNeverPull', message)
    }
    await this.#pullInTurn(request, name.image)
    const pulled = await this.#find(image)
    if (!pulled) throw new RuntimeError('ErrImagePull', `image "${image}" is not there after it was pulled`)
    return pulled
  }

  async #find(image: string): Promise<CRIImage | undefined> {
    try {
      return (await this.#client.call(runtimeAPI.imageStatus, { image: { image } })).image
    } catch (error) {
      throw new RuntimeError('ImageInspectError', `Failed to inspect image "${image}": ${textOf(error)}`)
    }
  }

  async #pullInTurn(request: ImageRequest, name: string): Promise<void> {
    const { podUID, image, report } = request
    const key = `${podUID} ${image}`
    const before = this.#failures.get(key)
    const nowMs = this.#clock.now()
    if (before && before.untilMs > nowMs) {
      throw new RuntimeError(
        'ImagePullBackOff',
        `Back-off pulling image "${image}": ErrImagePull: ${before.why}`,
      )
    }
    report({ type: 'pulling' })
    const startMs = this.#clock.monotonic()
    try {
      await this.#pull(request, name)
      this.#failures.delete(key)
    } catch (error) {
      const why = textOf(error)
      const delayMs = Math.min((before?.delayMs ?? firstBackoffMs / 2) * 2, lastBackoffMs)
      this.#failures.set(key, { delayMs, untilMs: this.#clock.now() + delayMs, why })
      throw new RuntimeError('ErrImagePull', why)
    }
    const sizeBytes = (await this.#find(image))?.size ?? 0
    report({ type: 'pulled', durationMs: this.#clock.monotonic() - startMs, sizeBytes })
  }

  async #pull({ image, secrets }: ImageRequest, name: string): Promise<void> {
    const credentials = credentialsFor(name, await secrets())
    const key = `${image} ${JSON.stringify(credentials)}`
    const running = this.#pulls.get(key) ?? this.#tryEach(image, credentials)
    this.#pulls.set(key, running)
    try {
      await running
    } finally {
      this.#pulls.delete(key)
    }
  }

  async #tryEach(image: string, credentials: readonly AuthConfig[]): Promise<void> {
    let failure: unknown
    for (const auth of credentials.length > 0 ? credentials : [undefined]) {
      try {
        await this.#client.call(
          runtimeAPI.pullImage,
          { image: { image }, auth },
          { timeoutMs: pullTimeoutMs },
        )
        return
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  /** The Pod is gone, and its failures with it. */
  forget(podUID: string): void {
    for (const key of this.#failures.keys()) if (key.startsWith(`${podUID} `)) this.#failures.delete(key)
  }
}

const textOf = (error: unknown) => (error instanceof GRPCError ? error.detail : String(error))
