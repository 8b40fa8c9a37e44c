// What the client's text does not tell about the Kubernetes 1.36 API: where a definition belongs, how lists
// and structs merge, which texts are quantities. Facts of k8s.io/api and apimachinery, kept by hand; types
// are named as in generated/types.ts.

/**
 * The API group of each package, and how its definitions' names begin unless with `io.k8s.api.<package>`.
 */
export const packages: Readonly<Record<string, { readonly group: string; readonly prefix?: string }>> = {
  core: { group: '' },
  admissionregistration: { group: 'admissionregistration.k8s.io' },
  apiextensions: {
    group: 'apiextensions.k8s.io',
    prefix: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  },
  apiregistration: {
    group: 'apiregistration.k8s.io',
    prefix: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
  },
  apps: { group: 'apps' },
  authentication: { group: 'authentication.k8s.io' },
  authorization: { group: 'authorization.k8s.io' },
  autoscaling: { group: 'autoscaling' },
  batch: { group: 'batch' },
  certificates: { group: 'certificates.k8s.io' },
  coordination: { group: 'coordination.k8s.io' },
  discovery: { group: 'discovery.k8s.io' },
  events: { group: 'events.k8s.io' },
  flowcontrol: { group: 'flowcontrol.apiserver.k8s.io' },
  meta: { group: 'meta.k8s.io', prefix: 'io.k8s.apimachinery.pkg.apis.meta' },
  networking: { group: 'networking.k8s.io' },
  node: { group: 'node.k8s.io' },
  policy: { group: 'policy' },
  rbac: { group: 'rbac.authorization.k8s.io' },
  resource: { group: 'resource.k8s.io' },
  scheduling: { group: 'scheduling.k8s.io' },
  storage: { group: 'storage.k8s.io' },
}

const words = (text: string) => text.trim().split(/\s+/)
const inPackage = (name: string, types: string) => words(types).map(type => [type, name] as const)

/** Types whose package is not the one group that reaches them, nor `core` among several. */
export const packageOf: ReadonlyMap<string, string> = new Map([
  ...inPackage(
    'meta',
    `APIGroup APIGroupList APIResource APIResourceList APIVersions Condition DeleteOptions
    FieldSelectorRequirement GroupVersionForDiscovery LabelSelector LabelSelectorRequirement ListMeta
    ManagedFieldsEntry MicroTime ObjectMeta OwnerReference Preconditions ServerAddressByClientCIDR ShardInfo
    Status StatusCause StatusDetails WatchEvent`,
  ),
  ...inPackage('autoscaling', 'Scale ScaleSpec ScaleStatus'),
  ...inPackage('core', 'TopologySelectorLabelRequirement TopologySelectorTerm'),
  ...inPackage('policy', 'Eviction'),
  ...inPackage(
    'authentication',
    'AuthenticationV1TokenRequest BoundObjectReference TokenRequestSpec TokenRequestStatus',
  ),
])

/**
 * How lists and maps merge. After the field: the list type with its keys (server-side apply), then the
 * patch strategy and merge key (strategic merge patch). `-` is atomic, as lists without a line are, and no
 * strategy.
 */
export const mergeRows = `
MutatingWebhookConfiguration.webhooks            map:name  merge:name
ValidatingWebhookConfiguration.webhooks          map:name  merge:name
MutatingWebhook.matchConditions                  map:name  merge:name
ValidatingWebhook.matchConditions                map:name  merge:name
ValidatingAdmissionPolicySpec.matchConditions    map:name  merge:name
ValidatingAdmissionPolicySpec.variables          map:name  merge:name
ValidatingAdmissionPolicyStatus.conditions       map:type  -
MutatingAdmissionPolicySpec.matchConditions      map:name  merge:name
CustomResourceDefinitionStatus.conditions        map:type  -
JSONSchemaProps.x-kubernetes-validations         map:rule  merge:rule
APIServiceStatus.conditions                      map:type  merge:type
DaemonSetStatus.conditions                       map:type  merge:type
DeploymentSpec.strategy                          -         retainKeys
DeploymentStatus.conditions                      map:type  merge:type
ReplicaSetStatus.conditions                      map:type  merge:type
StatefulSetStatus.conditions                     map:type  merge:type
V2HorizontalPodAutoscalerStatus.conditions       map:type  merge:type
JobStatus.conditions                             -         merge:type
PodFailurePolicyOnExitCodesRequirement.values    set       -
UncountedTerminatedPods.failed                   set       -
UncountedTerminatedPods.succeeded                set       -
CertificateSigningRequestStatus.conditions       map:type  -
ComponentStatus.conditions                       map:type  merge:type
Container.env                                    map:name  merge:name
Container.ports                                  map:containerPort,protocol  merge:containerPort
Container.volumeDevices                          map:devicePath  merge:devicePath
Container.volumeMounts                           map:mountPath  merge:mountPath
EphemeralContainer.env                           map:name  merge:name
EphemeralContainer.ports                         map:containerPort,protocol  merge:containerPort
EphemeralContainer.volumeDevices                 map:devicePath  merge:devicePath
EphemeralContainer.volumeMounts                  map:mountPath  merge:mountPath
ContainerStatus.allocatedResourcesStatus         map:name  merge:name
ContainerStatus.volumeMounts                     map:mountPath  merge:mountPath
NamespaceStatus.conditions                       map:type  merge:type
NodeSpec.podCIDRs                                set       merge
NodeStatus.addresses                             map:type  merge:type
NodeStatus.conditions                            map:type  merge:type
PersistentVolumeClaimStatus.allocatedResources   granular  -
PersistentVolumeClaimStatus.allocatedResourceStatuses  granular  -
PersistentVolumeClaimStatus.conditions           map:type  merge:type
PersistentVolumeSpec.claimRef                    granular  -
PodSpec.containers                               map:name  merge:name
PodSpec.ephemeralContainers                      map:name  merge:name
PodSpec.hostAliases                              map:ip    merge:ip
PodSpec.imagePullSecrets                         map:name  merge:name
PodSpec.initContainers                           map:name  merge:name
PodSpec.nodeSelector                             atomic    -
PodSpec.resourceClaims                           map:name  merge,retainKeys:name
PodSpec.schedulingGates                          map:name  merge:name
PodSpec.topologySpreadConstraints                map:topologyKey,whenUnsatisfiable  merge:topologyKey
PodSpec.volumes                                  map:name  merge,retainKeys:name
PodStatus.conditions                             map:type  merge:type
PodStatus.hostIPs                                -         merge:ip
PodStatus.podIPs                                 map:ip    merge:ip
PodStatus.resourceClaimStatuses                  map:name  merge,retainKeys:name
ReplicationControllerSpec.selector               atomic    -
ReplicationControllerStatus.conditions           map:type  merge:type
ResourceRequirements.claims                      map:name  -
ResourceStatus.resources                         map:resourceID  -
ServiceAccount.secrets                           map:name  merge:name
ServiceSpec.ports                                map:port,protocol  merge:port
ServiceSpec.selector                             atomic    -
ServiceStatus.conditions                         map:type  merge:type
ContainerRestartRuleOnExitCodes.values           set       -
Endpoint.addresses                               set       -
NonResourcePolicyRule.nonResourceURLs            set       -
NonResourcePolicyRule.verbs                      set       -
ResourcePolicyRule.apiGroups                     set       -
ResourcePolicyRule.namespaces                    set       -
ResourcePolicyRule.resources                     set       -
ResourcePolicyRule.verbs                         set       -
FlowSchemaStatus.conditions                      map:type  merge:type
PriorityLevelConfigurationStatus.conditions      map:type  merge:type
ServiceCIDRStatus.conditions                     map:type  merge:type
Scheduling.nodeSelector                          atomic    -
PodDisruptionBudgetSpec.selector                 -         replace
PodDisruptionBudgetStatus.conditions             map:type  merge:type
AllocatedDeviceStatus.conditions                 map:type  -
ResourceClaimStatus.devices                      map:driver,device,pool,shareID  -
ResourceClaimStatus.reservedFor                  map:uid   merge:uid
CSIDriverSpec.volumeLifecycleModes               set       -
CSINodeSpec.drivers                              map:name  merge:name
ObjectMeta.finalizers                            set       merge
ObjectMeta.ownerReferences                       map:uid   merge:uid
`

/** Structs that server-side apply takes or leaves as a whole. */
export const atomicStructs: ReadonlySet<string> = new Set(
  words(`
    ConfigMapKeySelector CoreV1EndpointPort CrossVersionObjectReference DiscoveryV1EndpointPort
    EndpointAddress FileKeySelector LabelSelector LocalObjectReference
    MatchResources NamedRuleWithOperations NodeSelector NodeSelectorTerm ObjectFieldSelector
    ObjectReference OwnerReference ParamKind ParamRef ResourceFieldSelector RbacV1Subject RoleRef
    ScopeSelector ScopedResourceSelectorRequirement SecretKeySelector SecretReference ServiceBackendPort
    TopologySelectorTerm TypedLocalObjectReference V2CrossVersionObjectReference
  `),
)

/** Fields whose text, or whose map's or list's texts, are quantities. */
export const quantityFields = `
CSIStorageCapacity: capacity maximumVolumeSize
CapacityRequestPolicy: default validValues
CapacityRequestPolicyRange: max min step
CapacityRequirements: requests
ContainerStatus: allocatedResources
Counter: value
DeviceCapacity: value
DeviceRequestAllocationResult: consumedCapacity
EmptyDirVolumeSource: sizeLimit
LimitRangeItem: default defaultRequest max maxLimitRequestRatio min
NodeAllocatableResourceClaimStatus: resources
NodeAllocatableResourceMapping: allocationMultiplier
NodeStatus: allocatable capacity
Overhead: podFixed
PersistentVolumeClaimStatus: allocatedResources capacity
PersistentVolumeSpec: capacity
PodSpec: overhead
PodStatus: allocatedResources
ResourceFieldSelector: divisor
ResourceQuotaSpec: hard
ResourceQuotaStatus: hard used
ResourceRequirements: limits requests
V2HPAScalingRules: tolerance
V2MetricTarget: averageValue value
V2MetricValueStatus: averageValue value
VolumeResourceRequirements: limits requests
`

/** `Type: field field` lines as a lookup of `Type.field`. */
export const fieldSet = (lines: string): ReadonlySet<string> =>
  new Set(
    lines
      .trim()
      .split('\n')
      .flatMap(line => {
        const [type, fields] = line.split(': ')
        return words(fields!).map(field => `${type}.${field}`)
      }),
  )

export interface MergeFact {
  /** `map`, `set`, `atomic`, `granular`; absent where the type's own rule holds. */
  readonly listType?: string
  readonly listKeys: readonly string[]
  readonly strategies: readonly string[]
  readonly mergeKey?: string
}

/** The rows above, by `Type.field`. */
export function mergeFacts(): ReadonlyMap<string, MergeFact> {
  return new Map(
    mergeRows
      .trim()
      .split('\n')
      .map(row => {
        const [field, list, patch] = words(row)
        const [listType, keys] = list!.split(':')
        const [strategies, mergeKey] = patch!.split(':')
        return [
          field!,
          {
            ...(listType === '-' ? {} : { listType }),
            listKeys: keys?.split(',') ?? [],
            strategies: strategies === '-' ? [] : strategies!.split(','),
            ...(mergeKey ? { mergeKey } : {}),
          },
        ]
      }),
  )
}
