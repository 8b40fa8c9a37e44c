// Every resource the server has, one line each: groups in upstream's order of discovery (kube-aggregator's
// group priorities), versions of a group newest first, resources by plural.
import type { Resource } from '../resource.ts'
import { podTemplates } from './core/podtemplate.ts'

export const resources: readonly Resource[] = [
  // core
  podTemplates,
  // apiregistration.k8s.io
  // apps
  // events.k8s.io
  // authentication.k8s.io
  // authorization.k8s.io
  // autoscaling
  // batch
  // certificates.k8s.io
  // networking.k8s.io
  // policy
  // rbac.authorization.k8s.io
  // storage.k8s.io
  // admissionregistration.k8s.io
  // apiextensions.k8s.io
  // scheduling.k8s.io
  // coordination.k8s.io
  // node.k8s.io
  // discovery.k8s.io
  // resource.k8s.io
  // flowcontrol.apiserver.k8s.io
]
