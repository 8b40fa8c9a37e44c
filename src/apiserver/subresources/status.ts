// The status subresource: an update changes status and metadata, and nothing else.
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { UpdateStrategy } from './strategy.ts'

/** In place: every field but metadata and `changed` is the previous one. */
export function keepAllBut(changed: string, object: KubeObject, previous: KubeObject): void {
  const after = object as unknown as Record<string, unknown>
  const before = previous as unknown as Record<string, unknown>
  for (const field of Object.keys(after)) {
    if (field !== 'metadata' && field !== changed && !(field in before)) delete after[field]
  }
  for (const field of Object.keys(before)) {
    if (field !== 'metadata' && field !== changed) after[field] = before[field]
  }
}

export const statusStrategy = (resource: Resource): UpdateStrategy => ({
  bumpsGeneration: false,
  isMain: false,
  prepare(object, previous, nowMs) {
    keepAllBut('status', object, previous)
    resource.prepareForStatusUpdate?.(object, previous, nowMs)
  },
  validate: (object, previous) => resource.validateStatusUpdate?.(object, previous) ?? [],
})
