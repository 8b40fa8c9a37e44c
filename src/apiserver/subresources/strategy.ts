// What an update through the resource itself or through one of its subresources may change, and how it is
// checked: upstream's PrepareForUpdate and ValidateUpdate, one strategy per door.
import type { FieldError } from '../../api/fields.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { notFound } from '../../api/status.ts'
import { approvalStrategy } from './approval.ts'
import { ephemeralContainersStrategy } from './ephemeralcontainers.ts'
import { finalizeStrategy } from './finalize.ts'
import { resizeStrategy } from './resize.ts'
import { statusStrategy } from './status.ts'

export interface UpdateStrategy {
  /** In place: puts back what this door may not change. */
  prepare(object: KubeObject, previous: KubeObject, nowMs: number): void
  validate(object: KubeObject, previous: KubeObject): readonly FieldError[]
  /** A change of the specification counts as a new generation. */
  readonly bumpsGeneration: boolean
  /** Allocations follow the change, and warnings are given. */
  readonly isMain: boolean
}

type Door = (resource: Resource) => UpdateStrategy

const mainStrategy: Door = resource => ({
  bumpsGeneration: true,
  isMain: true,
  prepare(object, previous) {
    if (resource.hasStatus) {
      const { status } = previous as { status?: unknown }
      ;(object as { status?: unknown }).status = status
    }
    resource.prepareForUpdate?.(object, previous)
  },
  validate: (object, previous) => [
    ...(resource.validatesUpdateAlone ? [] : (resource.validate?.(object) ?? [])),
    ...(resource.validateUpdate?.(object, previous) ?? []),
  ],
})

/** For the server's own hands: the caller says exactly what changes. */
const trustedStrategy: Door = () => ({
  bumpsGeneration: false,
  isMain: false,
  prepare: () => undefined,
  validate: () => [],
})

/** By `resource/subresource`; those of every resource by the subresource alone. */
const doors: Readonly<Record<string, Door>> = {
  '': mainStrategy,
  status: statusStrategy,
  'certificatesigningrequests/approval': approvalStrategy,
  scale: mainStrategy,
  'pods/binding': trustedStrategy,
  'namespaces/finalize': finalizeStrategy,
  'pods/ephemeralcontainers': ephemeralContainersStrategy,
  'pods/resize': resizeStrategy,
}

/** Throws NotFound for a subresource that cannot be updated in place. */
export function subresourceStrategy(resource: Resource, subresource: string): UpdateStrategy {
  const door = doors[`${resource.resource}/${subresource}`] ?? doors[subresource]
  if (!door) throw notFound(resource, subresource)
  return door(resource)
}
