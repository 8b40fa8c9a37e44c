// pods/resize: changes the resources of containers of a Pod that runs, and nothing else (KEP-1287).
import { type FieldError, forbiddenField } from '../../api/fields.ts'
import type { Container, Pod } from '../../api/generated/types.ts'
import { sameValue } from '../../api/meta/objectmeta.ts'
import type { Resource } from '../../api/resource.ts'
import type { UpdateStrategy } from './strategy.ts'

export const resizeStrategy = (resource: Resource): UpdateStrategy => ({
  bumpsGeneration: true,
  isMain: false,
  prepare(object, previous) {
    const pod = object as Pod
    const { status } = previous as Pod
    const { resourceVersion } = object.metadata
    pod.metadata = { ...previous.metadata, resourceVersion }
    Object.assign(pod, { status })
  },
  validate(object, previous) {
    const wanted = object as Pod
    const before = previous as Pod
    const errors: FieldError[] = [...(resource.validate?.(object) ?? [])]
    if (!sameValue(withoutResources(wanted), withoutResources(before))) {
      errors.push(forbiddenField('spec', 'only cpu and memory resources are mutable'))
    }
    return errors
  },
})

const bare = (containers: readonly Container[] = []) =>
  containers.map(({ resources: _, resizePolicy: __, ...rest }) => rest)

function withoutResources({ spec }: Pod): unknown {
  return { ...spec, containers: bare(spec?.containers), initContainers: bare(spec?.initContainers) }
}
