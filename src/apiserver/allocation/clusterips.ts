// Which addresses a Service takes and gives back, on create, update and delete: upstream's allocClusterIPs
// and updateClusterIPs (pkg/registry/core/service/storage/alloc.go). Its families are settled by then.
import type { Service } from '../../api/generated/types.ts'
import { keepsPreferredFamilies } from '../../api/resources/core/service/families.ts'
import {
  clusterIPsOf,
  familiesOf,
  hasAllocatedIPs,
  headlessIP,
  setClusterIPs,
} from '../../api/resources/core/service/kind.ts'
import type { IPFamily } from '../../ip/family.ts'
import { addressRefused, allocationFailed, rangeIsFull } from './errors.ts'
import type { Transaction } from './transaction.ts'

/** `wanted` has an empty text where any address will do. */
function take(service: Service, wanted: readonly string[], transaction: Transaction): string[] {
  const families = familiesOf(service)
  return wanted.map((address, index) => {
    if (address === '') {
      const next = transaction.takeNextAddress(families[index] as IPFamily)
      if (next === undefined) throw allocationFailed(`failed to allocate a serviceIP: ${rangeIsFull}`)
      return next
    }
    const outcome = transaction.takeAddress(address)
    if (outcome !== 'allocated') throw addressRefused(service, address, { addresses: wanted, outcome })
    return address
  })
}

/** One address per family, those that are named first of all. */
export function allocateClusterIPs(service: Service, transaction: Transaction): void {
  const addresses = clusterIPsOf(service)
  if (service.spec?.type === 'ExternalName' || addresses[0] === headlessIP) return
  const wanted = familiesOf(service).map((_, index) => addresses[index] ?? '')
  setClusterIPs(service, take(service, wanted, transaction))
}

export function releaseClusterIPs(service: Service, transaction: Transaction): void {
  if (!hasAllocatedIPs(service)) return
  for (const address of clusterIPsOf(service)) transaction.releaseAddress(address)
}

/** Type changes from and to ExternalName, a second family that comes or goes. */
export function updateClusterIPs(service: Service, previous: Service, transaction: Transaction): void {
  if (keepsPreferredFamilies(service, previous)) return
  const [type, before] = [service.spec?.type, previous.spec?.type]
  if (before === 'ExternalName') {
    if (type !== 'ExternalName') allocateClusterIPs(service, transaction)
    return
  }
  if (clusterIPsOf(previous)[0] === headlessIP) return
  if (type === 'ExternalName') {
    releaseClusterIPs(previous, transaction)
    return
  }
  const [now, then] = [familiesOf(service).length, familiesOf(previous).length]
  if (then === 1 && now === 2) addSecond(service, transaction)
  if (then === 2 && now === 1) transaction.releaseAddress(clusterIPsOf(previous)[1] ?? '')
}

function addSecond(service: Service, transaction: Transaction): void {
  const [first = '', second = ''] = clusterIPsOf(service)
  const families = familiesOf(service)
  if (second === '') {
    const next = transaction.takeNextAddress(families[1] as IPFamily)
    if (next === undefined) throw allocationFailed(`failed to allocate a serviceIP: ${rangeIsFull}`)
    service.spec!.clusterIPs = [first, next]
    return
  }
  const outcome = transaction.takeAddress(second)
  if (outcome !== 'allocated') {
    throw addressRefused(service, second, { addresses: clusterIPsOf(service), outcome })
  }
}
