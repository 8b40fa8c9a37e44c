// The catalogue: every check, in the order of the page and then of what it leaves out. One check is one file
// in this folder, named for its id.
import type { Check } from '../check.ts'
import { endpointHasFamilies } from './API-01.ts'
import { dnsAnswersEachFamily } from './DNS-01.ts'
import { nameserversAnswer } from './DNS-02.ts'
import { outsideNamesAreReachable } from './DNS-03.ts'
import { podsReachOutside } from './EGR-01.ts'
import { outsideSeesSource } from './EGR-02.ts'
import { balancedServiceGetsAddress } from './LB-01.ts'
import { dualServicesGetBothAddresses } from './LB-02.ts'
import { singleServicesGetTheirFamily } from './LB-03.ts'
import { balancersAnswerInside } from './LB-04.ts'
import { balancersAnswerOutside } from './LB-05.ts'
import { clientAddressIsKept } from './LB-06.ts'
import { balancerNamesResolve } from './LB-07.ts'
import { entrancesHaveFamilies } from './LB-08.ts'
import { migrationIsDone } from './MIG-01.ts'
import { nodesHavePodRanges } from './NODE-01.ts'
import { podRangesAreOrdered } from './NODE-02.ts'
import { podRangesAreDistinct } from './NODE-03.ts'
import { nodesHaveAddresses } from './NODE-04.ts'
import { nodeAddressesAreOrdered } from './NODE-05.ts'
import { nodeAddressesAreReachable } from './NODE-06.ts'
import { nodesAreUniform } from './NODE-07.ts'
import { podRangesHaveRoom } from './NODE-08.ts'
import { nodeKernelsAreReady } from './NODE-09.ts'
import { defaultDenyStopsEachFamily } from './NP-01.ts'
import { blocksWorkInEachFamily } from './NP-02.ts'
import { policiesNameBothFamilies } from './NP-03.ts'
import { podsGetAddresses } from './POD-01.ts'
import { podAddressesAreOrdered } from './POD-02.ts'
import { podAddressesAreOfTheirNode } from './POD-03.ts'
import { downwardAPIListsAddresses } from './POD-04.ts'
import { hostsFilesNamePods } from './POD-05.ts'
import { commandsRunInPods } from './POD-06.ts'
import { podNetworksAreReady } from './POD-07.ts'
import { hostPodsHaveNodeAddresses } from './POD-08.ts'
import { podsReachPods } from './POD-09.ts'
import { largePayloadsArrive } from './POD-10.ts'
import { nodesReachTheirPods } from './POD-11.ts'
import { podsHaveFamilies } from './POD-12.ts'
import { serverIsRecent } from './PRE-01.ts'
import { userHasRights } from './PRE-02.ts'
import { clusterHasFamilies } from './PRE-03.ts'
import { serviceRangesAreDisjoint } from './PRE-04.ts'
import { proxiesServeFamilies } from './PRX-01.ts'
import { plainServiceIsSingleStack } from './SVC-01.ts'
import { servicesHaveOneFamily } from './SVC-02.ts'
import { preferredServiceIsDualStack } from './SVC-03.ts'
import { requiredServiceIsDualStack } from './SVC-04.ts'
import { servicesKeepTheirOrder } from './SVC-05.ts'
import { servicesChangeFamilies } from './SVC-06.ts'
import { clusterIPsAnswerPods } from './SVC-07.ts'
import { clusterIPsAnswerNodes } from './SVC-08.ts'
import { endpointsAreComplete } from './SVC-09.ts'
import { headlessServicesHaveRecords } from './SVC-10.ts'
import { selectorlessServicesHaveBothFamilies } from './SVC-11.ts'
import { nodePortsAnswer } from './SVC-12.ts'
import { otherFamilyIsRefused } from './SVC-13.ts'
import { podsReachThemselves } from './SVC-14.ts'
import { affinityIsKept } from './SVC-15.ts'
import { endpointChangesHold } from './SVC-16.ts'
import { flowsOutliveBackends } from './SVC-17.ts'
import { hostBackendsAnswer } from './SVC-18.ts'
import { clusterIPsAreRecorded } from './SVC-19.ts'
import { apiServiceAnswers } from './SVC-20.ts'
import { servicesUseBothFamilies } from './SVC-21.ts'
import { backendsAnswerInBothFamilies } from './WRK-01.ts'
import { readyPodsAnswerInBothFamilies } from './WRK-02.ts'
import { namesConnectFast } from './WRK-03.ts'

export const checks: readonly Check[] = [
  serverIsRecent,
  userHasRights,
  clusterHasFamilies,
  serviceRangesAreDisjoint,
  nodesHavePodRanges,
  podRangesAreOrdered,
  podRangesAreDistinct,
  nodesHaveAddresses,
  nodeAddressesAreOrdered,
  nodeAddressesAreReachable,
  nodesAreUniform,
  podRangesHaveRoom,
  nodeKernelsAreReady,
  podsGetAddresses,
  podAddressesAreOrdered,
  podAddressesAreOfTheirNode,
  downwardAPIListsAddresses,
  hostsFilesNamePods,
  commandsRunInPods,
  podNetworksAreReady,
  hostPodsHaveNodeAddresses,
  podsReachPods,
  largePayloadsArrive,
  nodesReachTheirPods,
  podsHaveFamilies,
  plainServiceIsSingleStack,
  servicesHaveOneFamily,
  preferredServiceIsDualStack,
  requiredServiceIsDualStack,
  servicesKeepTheirOrder,
  servicesChangeFamilies,
  clusterIPsAnswerPods,
  clusterIPsAnswerNodes,
  endpointsAreComplete,
  headlessServicesHaveRecords,
  selectorlessServicesHaveBothFamilies,
  nodePortsAnswer,
  otherFamilyIsRefused,
  podsReachThemselves,
  affinityIsKept,
  endpointChangesHold,
  flowsOutliveBackends,
  hostBackendsAnswer,
  clusterIPsAreRecorded,
  apiServiceAnswers,
  servicesUseBothFamilies,
  balancedServiceGetsAddress,
  dualServicesGetBothAddresses,
  singleServicesGetTheirFamily,
  balancersAnswerInside,
  balancersAnswerOutside,
  clientAddressIsKept,
  balancerNamesResolve,
  entrancesHaveFamilies,
  dnsAnswersEachFamily,
  nameserversAnswer,
  outsideNamesAreReachable,
  podsReachOutside,
  outsideSeesSource,
  defaultDenyStopsEachFamily,
  blocksWorkInEachFamily,
  policiesNameBothFamilies,
  proxiesServeFamilies,
  backendsAnswerInBothFamilies,
  readyPodsAnswerInBothFamilies,
  namesConnectFast,
  endpointHasFamilies,
  migrationIsDone,
]
