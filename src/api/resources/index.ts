// Every resource the server has, one line each: groups in upstream's order of discovery (kube-aggregator's
// group priorities), versions of a group newest first, resources by plural.
import type { Resource } from '../resource.ts'
import { mutatingAdmissionPolicies } from './admissionregistration/mutatingadmissionpolicy.ts'
import { mutatingAdmissionPolicyBindings } from './admissionregistration/mutatingpolicybinding.ts'
import { mutatingWebhookConfigurations } from './admissionregistration/mutatingwebhookconfiguration.ts'
import { validatingAdmissionPolicies } from './admissionregistration/validatingadmissionpolicy.ts'
import { validatingAdmissionPolicyBindings } from './admissionregistration/validatingpolicybinding.ts'
import { validatingWebhookConfigurations } from './admissionregistration/validatingwebhookconfiguration.ts'
import { customResourceDefinitions } from './apiextensions.k8s.io/customresourcedefinition.ts'
import { apiServices } from './apiregistration.k8s.io/apiservice.ts'
import { controllerRevisions } from './apps/controllerrevision.ts'
import { daemonSets } from './apps/daemonset.ts'
import { deployments } from './apps/deployment.ts'
import { replicaSets } from './apps/replicaset.ts'
import { statefulSets } from './apps/statefulset.ts'
import { selfSubjectReviews } from './authentication.k8s.io/selfsubjectreview.ts'
import { tokenReviews } from './authentication.k8s.io/tokenreview.ts'
import { localSubjectAccessReviews } from './authorization.k8s.io/localsubjectaccessreview.ts'
import { selfSubjectAccessReviews } from './authorization.k8s.io/selfsubjectaccessreview.ts'
import { selfSubjectRulesReviews } from './authorization.k8s.io/selfsubjectrulesreview.ts'
import { subjectAccessReviews } from './authorization.k8s.io/subjectaccessreview.ts'
import {
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
} from './autoscaling/horizontalpodautoscaler.ts'
import { cronJobs } from './batch/cronjob.ts'
import { jobs } from './batch/job.ts'
import { certificateSigningRequests } from './certificates.k8s.io/certificatesigningrequest.ts'
import { leases } from './coordination.k8s.io/lease.ts'
import { bindings } from './core/binding.ts'
import { componentStatuses } from './core/componentstatus.ts'
import { configMaps } from './core/configmap.ts'
import { endpoints } from './core/endpoints.ts'
import { events } from './core/event.ts'
import { limitRanges } from './core/limitrange.ts'
import { namespaces } from './core/namespace.ts'
import { nodes } from './core/node.ts'
import { persistentVolumes } from './core/persistentvolume.ts'
import { persistentVolumeClaims } from './core/persistentvolumeclaim.ts'
import { pods } from './core/pod.ts'
import { podTemplates } from './core/podtemplate.ts'
import { replicationControllers } from './core/replicationcontroller.ts'
import { resourceQuotas } from './core/resourcequota.ts'
import { secrets } from './core/secret.ts'
import { services } from './core/service.ts'
import { serviceAccounts } from './core/serviceaccount.ts'
import { endpointSlices } from './discovery.k8s.io/endpointslice.ts'
import { eventsV1 } from './events.k8s.io/event.ts'
import { flowSchemas } from './flowcontrol.apiserver.k8s.io/flowschema.ts'
import { priorityLevelConfigurations } from './flowcontrol.apiserver.k8s.io/prioritylevelconfiguration.ts'
import { ingresses } from './networking.k8s.io/ingress.ts'
import { ingressClasses } from './networking.k8s.io/ingressclass.ts'
import { ipAddresses } from './networking.k8s.io/ipaddress.ts'
import { networkPolicies } from './networking.k8s.io/networkpolicy.ts'
import { serviceCIDRs } from './networking.k8s.io/servicecidr.ts'
import { runtimeClasses } from './node.k8s.io/runtimeclass.ts'
import { podDisruptionBudgets } from './policy/poddisruptionbudget.ts'
import { clusterRoles } from './rbac.authorization.k8s.io/clusterrole.ts'
import { clusterRoleBindings } from './rbac.authorization.k8s.io/clusterrolebinding.ts'
import { roles } from './rbac.authorization.k8s.io/role.ts'
import { roleBindings } from './rbac.authorization.k8s.io/rolebinding.ts'
import { deviceClasses } from './resource.k8s.io/deviceclass.ts'
import { resourceClaims } from './resource.k8s.io/resourceclaim.ts'
import { resourceClaimTemplates } from './resource.k8s.io/resourceclaimtemplate.ts'
import { resourceSlices } from './resource.k8s.io/resourceslice.ts'
import { priorityClasses } from './scheduling.k8s.io/priorityclass.ts'
import { csiDrivers } from './storage.k8s.io/csidriver.ts'
import { csiNodes } from './storage.k8s.io/csinode.ts'
import { csiStorageCapacities } from './storage.k8s.io/csistoragecapacity.ts'
import { storageClasses } from './storage.k8s.io/storageclass.ts'
import { volumeAttachments } from './storage.k8s.io/volumeattachment.ts'
import { volumeAttributesClasses } from './storage.k8s.io/volumeattributesclass.ts'

export const resources: readonly Resource[] = [
  // core
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  // apiregistration.k8s.io
  apiServices,
  // apps
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  // events.k8s.io
  eventsV1,
  // authentication.k8s.io
  selfSubjectReviews,
  tokenReviews,
  // authorization.k8s.io
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  // autoscaling
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
  // batch
  cronJobs,
  jobs,
  // certificates.k8s.io
  certificateSigningRequests,
  // networking.k8s.io
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCIDRs,
  // policy
  podDisruptionBudgets,
  // rbac.authorization.k8s.io
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  // storage.k8s.io
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
  // admissionregistration.k8s.io
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  // apiextensions.k8s.io
  customResourceDefinitions,
  // scheduling.k8s.io
  priorityClasses,
  // coordination.k8s.io
  leases,
  // node.k8s.io
  runtimeClasses,
  // discovery.k8s.io
  endpointSlices,
  // resource.k8s.io
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  // flowcontrol.apiserver.k8s.io
  flowSchemas,
  priorityLevelConfigurations,
]
