// The controllers of a cluster, one line each.
import type { Resource } from '../api/resource.ts'
import { resources } from '../api/resources/index.ts'
import type { Authority } from '../x509/certificates.ts'
import { certificateApprovingController, type ReservedNames } from './certificateapproving.ts'
import { certificateCleaner } from './certificatecleaner.ts'
import { certificateSigningController } from './certificatesigning.ts'
import { clusterRoleAggregationController } from './clusterroleaggregation.ts'
import type { Controller } from './controller.ts'
import { cronJobController } from './cronjob.ts'
import { daemonSetController } from './daemonset.ts'
import { deploymentController } from './deployment.ts'
import { disruptionController } from './disruption.ts'
import { endpointsController } from './endpoints.ts'
import { endpointSliceController } from './endpointslice.ts'
import { endpointSliceMirroringController } from './endpointslicemirroring.ts'
import { garbageCollector } from './garbagecollector.ts'
import { jobControllers } from './job.ts'
import { loadBalancerController } from './loadbalancer.ts'
import { namespaceController } from './namespace.ts'
import { type NodeIPAMOptions, nodeIPAMController } from './nodeipam.ts'
import { type NodeLifecycleOptions, nodeLifecycleControllers } from './nodelifecycle.ts'
import { podGCController } from './podgc.ts'
import { replicaSetController } from './replicaset.ts'
import { replicationControllerController } from './replicationcontroller.ts'
import { resourceQuotaController } from './resourcequota.ts'
import { rootCAController } from './rootca.ts'
import { serviceAccountController } from './serviceaccount.ts'
import { type ServiceAccountTokenOptions, serviceAccountTokenController } from './serviceaccounttoken.ts'
import { serviceCIDRController } from './servicecidr.ts'
import { statefulSetController } from './statefulset.ts'
import { taintEvictionController } from './tainteviction.ts'
import { tokenCleaner } from './tokencleaner.ts'

export { ControllerManager } from './manager.ts'

export interface ControllersOptions {
  /** Pod ranges for the nodes; absent: nodes bring their own. */
  readonly nodeIPAM?: NodeIPAMOptions
  readonly nodeLifecycle?: NodeLifecycleOptions
  /** Ranges for the addresses of load balancers, of either family; without any they stay pending. */
  readonly loadBalancerIPRange?: readonly string[]
  /** The certificate authority of the API server, in PEM. */
  readonly rootCA: string
  /** Signs requests for certificates; absent: they wait for somebody else. */
  readonly signing?: { readonly authority: Authority; readonly reserved: () => ReservedNames }
  /** How Secrets get tokens of ServiceAccounts; absent: they stay empty. */
  readonly serviceAccountTokens?: Pick<ServiceAccountTokenOptions, 'issue' | 'forEveryAccount'>
  /** All resources of the server, as they are when asked. Default: the built-in ones. */
  readonly resources?: () => readonly Resource[]
}

const builtIn = () => resources

export const createControllers = (options: ControllersOptions): Controller[] => [
  serviceAccountController,
  rootCAController({ certificate: options.rootCA }),
  ...(options.serviceAccountTokens
    ? [serviceAccountTokenController({ ...options.serviceAccountTokens, rootCA: options.rootCA })]
    : []),
  ...(options.signing
    ? [
        certificateApprovingController(options.signing),
        certificateSigningController(options.signing),
        certificateCleaner(),
      ]
    : []),
  tokenCleaner(),
  ...(options.nodeIPAM ? [nodeIPAMController(options.nodeIPAM)] : []),
  ...nodeLifecycleControllers(options.nodeLifecycle),
  clusterRoleAggregationController,
  taintEvictionController(),
  podGCController(),
  resourceQuotaController({ resources: options.resources ?? builtIn }),
  namespaceController({ resources: options.resources ?? builtIn }),
  garbageCollector({ resources: options.resources ?? builtIn }),
  replicaSetController(),
  replicationControllerController,
  deploymentController,
  daemonSetController,
  statefulSetController,
  ...jobControllers,
  cronJobController,
  disruptionController,
  endpointsController(),
  endpointSliceController(),
  endpointSliceMirroringController,
  serviceCIDRController,
  loadBalancerController({ ranges: options.loadBalancerIPRange ?? [] }),
]
