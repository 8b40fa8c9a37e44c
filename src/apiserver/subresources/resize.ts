// pods/resize: changes the resources of containers of a Pod that runs, and nothing else (KEP-1287).
import { keepOnlyResize, validatePodResize } from '../../api/resources/core/pod/update.ts'
import type { UpdateStrategy } from './strategy.ts'

export const resizeStrategy = (): UpdateStrategy => ({
  bumpsGeneration: true,
  isMain: false,
  prepare(object, previous) {
    const { resourceVersion } = object.metadata
    object.metadata = { ...previous.metadata, resourceVersion }
    keepOnlyResize(object, previous)
  },
  validate: validatePodResize,
})
