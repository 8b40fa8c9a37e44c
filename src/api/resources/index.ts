// Every resource the server has, one line each: groups in upstream's order of discovery (kube-aggregator's
// group priorities), versions of a group newest first, resources by plural.
import type { Resource } from '../resource.ts'
import { deployments } from './apps/deployment.ts'
import { replicaSets } from './apps/replicaset.ts'
import { leases } from './coordination.k8s.io/lease.ts'
import { configMaps } from './core/configmap.ts'
import { endpoints } from './core/endpoints.ts'
import { events } from './core/event.ts'
import { namespaces } from './core/namespace.ts'
import { nodes } from './core/node.ts'
import { pods } from './core/pod.ts'
import { podTemplates } from './core/podtemplate.ts'
import { secrets } from './core/secret.ts'
import { services } from './core/service.ts'
import { serviceAccounts } from './core/serviceaccount.ts'
import { endpointSlices } from './discovery.k8s.io/endpointslice.ts'
import { ipAddresses } from './networking.k8s.io/ipaddress.ts'
import { serviceCIDRs } from './networking.k8s.io/servicecidr.ts'

export const resources: readonly Resource[] = [
  // core
  configMaps,
  endpoints,
  events,
  namespaces,
  nodes,
  pods,
  podTemplates,
  secrets,
  serviceAccounts,
  services,
  // apiregistration.k8s.io
  // apps
  deployments,
  replicaSets,
  // events.k8s.io
  // authentication.k8s.io
  // authorization.k8s.io
  // autoscaling
  // batch
  // certificates.k8s.io
  // networking.k8s.io
  ipAddresses,
  serviceCIDRs,
  // policy
  // rbac.authorization.k8s.io
  // storage.k8s.io
  // admissionregistration.k8s.io
  // apiextensions.k8s.io
  // scheduling.k8s.io
  // coordination.k8s.io
  leases,
  // node.k8s.io
  // discovery.k8s.io
  endpointSlices,
  // resource.k8s.io
  // flowcontrol.apiserver.k8s.io
]
