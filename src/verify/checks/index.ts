// The catalogue: every check, in the order of the page and then of what it leaves out. One check is one file
// in this folder, named for its id.
import type { Check } from '../check.ts'
import { nodesHavePodRanges } from './NODE-01.ts'
import { podRangesAreOrdered } from './NODE-02.ts'
import { podRangesAreDistinct } from './NODE-03.ts'
import { nodesHaveAddresses } from './NODE-04.ts'
import { nodeAddressesAreOrdered } from './NODE-05.ts'
import { nodeAddressesAreReachable } from './NODE-06.ts'
import { nodesAreUniform } from './NODE-07.ts'
import { podRangesHaveRoom } from './NODE-08.ts'

export const checks: readonly Check[] = [
  nodesHavePodRanges,
  podRangesAreOrdered,
  podRangesAreDistinct,
  nodesHaveAddresses,
  nodeAddressesAreOrdered,
  nodeAddressesAreReachable,
  nodesAreUniform,
  podRangesHaveRoom,
]
