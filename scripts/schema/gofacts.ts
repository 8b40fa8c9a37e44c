// How Go holds a field, which shows in what an API server answers: an empty value of an optional field
// disappears unless the field is a pointer, and a struct that is not behind a pointer is always there, if
// only as {}. Facts of k8s.io/api's types, kept by hand; types are named as in generated/types.ts.

/**
 * Optional fields with a plain value behind a pointer, or without omitempty: `""`, `0` and `false` are
 * kept.
 */
export const pointerFields = `
AdmissionregistrationV1ServiceReference: path port
AdmissionregistrationV1WebhookClientConfig: url
ApiextensionsV1ServiceReference: path port
ApiextensionsV1WebhookClientConfig: url
ApiregistrationV1ServiceReference: port
AppArmorProfile: localhostProfile
AzureDiskVolumeSource: cachingMode fsType kind readOnly
AzureFilePersistentVolumeSource: secretNamespace
CSIDriverSpec: attachRequired fsGroupPolicy nodeAllocatableUpdatePeriodSeconds podInfoOnMount
CSIDriverSpec: preventPodSchedulingIfMissing requiresRepublish seLinuxMount
CSIDriverSpec: serviceAccountTokenInSecrets storageCapacity
CSIStorageCapacity: capacity
CSIVolumeSource: fsType readOnly
CertificateSigningRequestSpec: expirationSeconds
ClientIPConfig: timeoutSeconds
ClusterTrustBundleProjection: optional
ConfigMap: immutable
ConfigMapEnvSource: optional
ConfigMapKeySelector: optional
ConfigMapProjection: optional
ConfigMapVolumeSource: defaultMode optional
ContainerStatus: started
CoreV1EndpointPort: appProtocol
CronJobSpec: failedJobsHistoryLimit startingDeadlineSeconds successfulJobsHistoryLimit suspend
CronJobSpec: timeZone
CustomResourceDefinitionVersion: deprecationWarning
CustomResourceSubresourceScale: labelSelectorPath
DaemonSetSpec: revisionHistoryLimit
DaemonSetStatus: collisionCount
DeleteOptions: gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents
DeleteOptions: propagationPolicy
DeploymentSpec: progressDeadlineSeconds replicas revisionHistoryLimit
DeploymentStatus: collisionCount terminatingReplicas
Device: allNodes allowMultipleAllocations bindsToNode
DeviceAttribute: bool int string version
DeviceRequestAllocationResult: adminAccess
DeviceSubRequest: count
DeviceToleration: tolerationSeconds
DiscoveryV1EndpointPort: appProtocol name port protocol
DownwardAPIVolumeFile: mode
DownwardAPIVolumeSource: defaultMode
EmptyDirVolumeSource: sizeLimit
Endpoint: hostname nodeName
EndpointAddress: nodeName
EndpointConditions: ready serving terminating
ExactDeviceRequest: adminAccess count
ExemptPriorityLevelConfiguration: lendablePercent nominalConcurrencyShares
FCVolumeSource: lun
FileKeySelector: optional
GlusterfsPersistentVolumeSource: endpointsNamespace
HTTPIngressPath: pathType
HorizontalPodAutoscalerSpec: minReplicas targetCPUUtilizationPercentage
HorizontalPodAutoscalerStatus: currentCPUUtilizationPercentage observedGeneration
HostPathVolumeSource: type
ISCSIPersistentVolumeSource: initiatorName
ISCSIVolumeSource: initiatorName
IngressClassParametersReference: namespace scope
IngressSpec: ingressClassName
JSONSchemaProps: $ref maxItems maxLength maxProperties maximum minItems minLength minProperties
JSONSchemaProps: minimum multipleOf x-kubernetes-list-type x-kubernetes-map-type
JSONSchemaProps: x-kubernetes-preserve-unknown-fields
JobSpec: activeDeadlineSeconds backoffLimit backoffLimitPerIndex completions manualSelector
JobSpec: maxFailedIndexes parallelism suspend ttlSecondsAfterFinished
JobStatus: ready terminating
KeyToPath: mode
LeaseSpec: holderIdentity leaseDurationSeconds leaseTransitions
LimitedPriorityLevelConfiguration: borrowingLimitPercent lendablePercent nominalConcurrencyShares
ListMeta: remainingItemCount
LocalVolumeSource: fsType
ModifyVolumeStatus: targetVolumeAttributesClassName
MutatingWebhook: failurePolicy matchPolicy reinvocationPolicy sideEffects timeoutSeconds
NetworkPolicyPort: endPort protocol
NodeFeatures: supplementalGroupsPolicy
NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts userNamespaces
NodeSwapStatus: capacity
ObjectMeta: deletionGracePeriodSeconds
OwnerReference: blockOwnerDeletion controller
PersistentVolumeClaimSpec: storageClassName volumeAttributesClassName volumeMode
PersistentVolumeClaimStatus: currentVolumeAttributesClassName
PersistentVolumeSpec: volumeAttributesClassName volumeMode
PodCertificateProjection: maxExpirationSeconds
PodDNSConfigOption: value
PodDisruptionBudgetStatus: currentHealthy desiredHealthy disruptionsAllowed expectedPods
PodSecurityContext: fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser
PodSpec: activeDeadlineSeconds automountServiceAccountToken enableServiceLinks hostUsers
PodSpec: hostnameOverride preemptionPolicy priority runtimeClassName setHostnameAsFQDN
PodSpec: shareProcessNamespace terminationGracePeriodSeconds
PortStatus: error
Preconditions: resourceVersion uid
PriorityClass: preemptionPolicy
Probe: terminationGracePeriodSeconds
ProjectedVolumeSource: defaultMode
ReplicaSetSpec: replicas
ReplicaSetStatus: terminatingReplicas
ReplicationControllerSpec: replicas
ResourceSliceSpec: allNodes perDeviceNodeSelection
RollingUpdateStatefulSetStrategy: partition
SeccompProfile: localhostProfile
Secret: immutable
SecretEnvSource: optional
SecretKeySelector: optional
SecretProjection: optional
SecretVolumeSource: defaultMode optional
SecurityContext: allowPrivilegeEscalation privileged procMount readOnlyRootFilesystem runAsGroup
SecurityContext: runAsNonRoot runAsUser
ServiceAccount: automountServiceAccountToken
ServiceAccountTokenProjection: expirationSeconds
ServicePort: appProtocol
ServiceSpec: allocateLoadBalancerNodePorts ipFamilyPolicy loadBalancerClass
StatefulSetSpec: replicas revisionHistoryLimit
StatefulSetStatus: availableReplicas collisionCount
StorageClass: allowVolumeExpansion reclaimPolicy volumeBindingMode
StorageV1TokenRequest: expirationSeconds
SuccessPolicyRule: succeededCount
TokenRequestSpec: expirationSeconds
Toleration: tolerationSeconds
TopologySpreadConstraint: minDomains
TypedLocalObjectReference: apiGroup
TypedObjectReference: namespace
V2HPAScalingRules: selectPolicy stabilizationWindowSeconds
V2HorizontalPodAutoscalerSpec: minReplicas
V2HorizontalPodAutoscalerStatus: observedGeneration
V2MetricTarget: averageUtilization averageValue value
V2MetricValueStatus: averageUtilization averageValue value
ValidatingWebhook: failurePolicy matchPolicy sideEffects timeoutSeconds
ValidationRule: optionalOldSelf
VolumeAttachmentSource: persistentVolumeName
VolumeError: errorCode
VolumeMount: mountPropagation
VolumeNodeResources: count
WindowsSecurityContextOptions: gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName
`

/** Structs without a pointer, beside every object's own metadata: present even when empty. */
export const embeddedFields = `
APIService: spec status
AuthenticationV1TokenRequest: spec status
Binding: target
CSIDriver: spec
CSINode: spec
CertificateSigningRequest: spec status
ClusterRoleBinding: roleRef
Container: resources
ContainerStatus: lastState state
CoreV1Event: involvedObject source
CronJob: spec status
CronJobSpec: jobTemplate
CustomResourceDefinition: spec status
CustomResourceDefinitionSpec: names
CustomResourceDefinitionStatus: acceptedNames
DaemonSet: spec status
DaemonSetSpec: template updateStrategy
Deployment: spec status
DeploymentSpec: strategy template
DeviceClass: spec
Endpoint: conditions
EphemeralContainer: resources
EventsV1Event: deprecatedSource regarding
FlowSchema: spec status
FlowSchemaSpec: priorityLevelConfiguration
HTTPIngressPath: backend
HorizontalPodAutoscaler: spec status
HorizontalPodAutoscalerSpec: scaleTargetRef
IPAddress: spec
Ingress: spec status
IngressClass: spec
IngressServiceBackend: port
IngressStatus: loadBalancer
Job: spec status
JobSpec: template
JobTemplateSpec: metadata spec
Lease: spec
LimitRange: spec
LimitedPriorityLevelConfiguration: limitResponse
LocalSubjectAccessReview: spec status
MutatingAdmissionPolicy: spec
MutatingAdmissionPolicyBinding: spec
MutatingWebhook: clientConfig
Namespace: spec status
NetworkPolicy: spec
NetworkPolicySpec: podSelector
Node: spec status
NodeDaemonEndpoints: kubeletEndpoint
PersistentVolume: spec status
PersistentVolumeClaim: spec status
PersistentVolumeClaimSpec: resources
PersistentVolumeClaimTemplate: spec
Pod: spec status
PodDisruptionBudget: spec status
PodTemplate: template
PodTemplateSpec: metadata spec
PreferredSchedulingTerm: preference
PriorityLevelConfiguration: spec status
ReplicaSet: spec status
ReplicaSetSpec: template
ReplicationController: spec status
ResourceClaimSpec: devices
ResourceClaimTemplate: spec
ResourceClaimTemplateSpec: spec
ResourceQuota: spec status
ResourceSlice: spec
ResourceV1ResourceClaim: spec status
RoleBinding: roleRef
Scale: spec status
SelfSubjectAccessReview: spec status
SelfSubjectReview: status
SelfSubjectReviewStatus: userInfo
SelfSubjectRulesReview: spec status
Service: spec status
ServiceCIDR: spec status
ServiceStatus: loadBalancer
StatefulSet: spec status
StatefulSetSpec: template updateStrategy
SubjectAccessReview: spec status
TokenReview: spec status
TokenReviewStatus: user
V2ContainerResourceMetricSource: target
V2ContainerResourceMetricStatus: current
V2ExternalMetricSource: metric target
V2ExternalMetricStatus: current metric
V2HorizontalPodAutoscaler: spec status
V2HorizontalPodAutoscalerSpec: scaleTargetRef
V2ObjectMetricSource: describedObject metric target
V2ObjectMetricStatus: current describedObject metric
V2PodsMetricSource: metric target
V2PodsMetricStatus: current metric
V2ResourceMetricSource: target
V2ResourceMetricStatus: current
ValidatingAdmissionPolicy: spec status
ValidatingAdmissionPolicyBinding: spec
ValidatingWebhook: clientConfig
VolumeAttachment: spec status
VolumeAttachmentSpec: source
WeightedPodAffinityTerm: podAffinityTerm
`
