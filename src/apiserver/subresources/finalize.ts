// namespaces/finalize: takes away spec.finalizers, by which a namespace waits for its content to be
// deleted.
import type { Namespace } from '../../api/generated/types.ts'
import { keepAllBut } from './status.ts'
import type { UpdateStrategy } from './strategy.ts'

export const finalizeStrategy = (): UpdateStrategy => ({
  bumpsGeneration: false,
  isMain: false,
  prepare(object, previous) {
    const { spec } = object as Namespace
    keepAllBut('spec', object, previous)
    const finalizers = spec?.finalizers ?? []
    ;(object as Namespace).spec = finalizers.length > 0 ? { finalizers } : {}
  },
  validate: () => [],
})
