// pods/ephemeralcontainers: adds debugging containers to a Pod that runs (kubectl debug). Those that are
// there stay as they are. Follows upstream's pkg/registry/core/pod and ValidatePodEphemeralContainersUpdate.
import { type FieldError, forbiddenField } from '../../api/fields.ts'
import type { EphemeralContainer, Pod } from '../../api/generated/types.ts'
import { sameValue } from '../../api/meta/objectmeta.ts'
import type { Resource } from '../../api/resource.ts'
import type { UpdateStrategy } from './strategy.ts'

export const ephemeralContainersStrategy = (resource: Resource): UpdateStrategy => ({
  bumpsGeneration: true,
  isMain: false,
  prepare(object, previous) {
    const wanted = (object as Pod).spec?.ephemeralContainers
    const before = previous as Pod
    Object.assign(object, {
      spec: { ...before.spec, ephemeralContainers: wanted },
      status: before.status,
    })
  },
  validate(object, previous) {
    const wanted = (object as Pod).spec?.ephemeralContainers ?? []
    const before = (previous as Pod).spec?.ephemeralContainers ?? []
    return [...(resource.validate?.(object) ?? []), ...checkKept(wanted, before)]
  },
})

function checkKept(
  wanted: readonly EphemeralContainer[],
  before: readonly EphemeralContainer[],
): FieldError[] {
  const field = 'spec.ephemeralContainers'
  const byName = new Map(wanted.map(container => [container.name, container]))
  return before.flatMap(container => {
    const now = byName.get(container.name)
    if (now && sameValue(now, container)) return []
    const verb = now ? 'changed' : 'removed'
    return [forbiddenField(field, `existing ephemeral containers "${container.name}" may not be ${verb}\n`)]
  })
}
