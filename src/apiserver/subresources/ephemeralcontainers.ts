// pods/ephemeralcontainers: adds debugging containers to a Pod that runs (kubectl debug). Those that are
// there stay as they are. Follows upstream's pkg/registry/core/pod.
import {
  keepOnlyEphemeralContainers,
  validateEphemeralContainersUpdate,
} from '../../api/resources/core/pod/update.ts'
import type { UpdateStrategy } from './strategy.ts'

export const ephemeralContainersStrategy = (): UpdateStrategy => ({
  bumpsGeneration: true,
  isMain: false,
  prepare: keepOnlyEphemeralContainers,
  validate: validateEphemeralContainersUpdate,
})
