// The controllers of a cluster, one line each.
import type { Controller } from './controller.ts'
import { deploymentController } from './deployment.ts'
import { endpointsController } from './endpoints.ts'
import { endpointSliceController } from './endpointslice.ts'
import { replicaSetController } from './replicaset.ts'

export { ControllerManager } from './manager.ts'

export function createControllers(): Controller[] {
  return [replicaSetController(), deploymentController, endpointsController(), endpointSliceController()]
}
