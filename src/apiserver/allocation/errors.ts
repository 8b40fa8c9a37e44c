// What allocation answers when it cannot give what was asked for, worded as upstream's allocators word it.
import { type FieldError, invalid, invalidValue } from '../../api/fields.ts'
import type { Service } from '../../api/generated/types.ts'
import { StatusError } from '../../api/status.ts'
import type { NamedOutcome } from './addresspool.ts'
import { formatPortRange, type PortRange } from './portpool.ts'

export const invalidService = (service: Service, errors: readonly FieldError[]) =>
  invalid({ group: '', resource: 'services', kind: 'Service' }, service.metadata.name ?? '', errors)

/** 500, though it is the range that is at fault: what clients of upstream know. */
export const allocationFailed = (why: string) =>
  new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${why}`,
    details: { causes: [{ message: why }] },
  })

const addressProblems: Readonly<Record<Exclude<NamedOutcome, 'allocated'>, string>> = {
  taken: 'provided IP is already allocated',
  notInRange: 'the provided network does not match the current range',
  notReady: 'allocator not ready',
}

export function addressRefused(
  service: Service,
  address: string,
  options: { readonly addresses: readonly string[]; readonly outcome: Exclude<NamedOutcome, 'allocated'> },
) {
  const why = `failed to allocate IP ${address}: ${addressProblems[options.outcome]}`
  return invalidService(service, [invalidValue('spec.clusterIPs', options.addresses, why)])
}

export const portProblem = (outcome: 'taken' | 'outOfRange', range: PortRange): string =>
  outcome === 'taken'
    ? 'provided port is already allocated'
    : `provided port is not in the valid range. The range of valid ports is ${formatPortRange(range)}`

export const rangeIsFull = 'range is full'
