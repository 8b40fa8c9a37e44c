// The flags of `futago verify` and what they mean to a run.
import { InvalidArgumentError } from 'commander'
import { familyOf, type IPFamily } from '../ip/family.ts'
import { splitHostPort } from '../ip/hostport.ts'
import type { Check, Expectation, Profile, VerifySettings } from '../verify/index.ts'
import { defaultSettings, resolveImage } from '../verify/settings.ts'
import { CommandError } from './commanderror.ts'

export interface VerifyFlags {
  readonly profile?: Profile
  readonly readOnly?: boolean
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly expect?: Expectation
  readonly primary?: IPFamily
  readonly nodeSelector?: string
  readonly maxNodes?: number
  readonly nodePorts?: boolean
  readonly loadBalancers?: boolean
  readonly egressTarget?: readonly string[]
  readonly image?: string
  readonly imagePullSecret?: readonly string[]
  readonly namespace?: string
  readonly timeout?: number
}

export const parseIDs = (text: string): string[] =>
  text
    .split(',')
    .map(id => id.trim().toUpperCase())
    .filter(id => id !== '')

export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected a whole number above 0.')
  return Number(text)
}

/** `none`, or one `address:port` for each family, as `1.1.1.1:443,[2606:4700:4700::1111]:443`. */
export function parseEgressTargets(text: string): string[] {
  if (text === 'none') return []
  const targets = text.split(',')
  const families = targets.map(target => familyOf(splitHostPort(target)?.host ?? ''))
  if (families.includes(undefined) || new Set(families).size !== families.length) {
    throw new InvalidArgumentError('Expected none, or one ADDRESS:PORT for each family, IPv6 in brackets.')
  }
  return targets
}

const egressTargetsOf = (targets: readonly string[]): VerifySettings['egressTargets'] =>
  targets.length === 0
    ? undefined
    : Object.fromEntries(targets.map(target => [familyOf(splitHostPort(target)?.host ?? '')!, target]))

/** Refuses ids that no check has: a mistyped one would quietly check nothing. */
function refuseUnknown(flag: string, ids: readonly string[], checks: readonly Check[]): void {
  const unknown = ids.filter(id => !checks.some(check => check.id === id))
  if (unknown.length > 0) {
    throw new CommandError(
      `Cannot use ${flag} ${unknown.join(',')}: there is no such check, expected ids of futago verify --list`,
      2,
    )
  }
}

export function settingsOf(flags: VerifyFlags, checks: readonly Check[]): VerifySettings {
  refuseUnknown('--only', flags.only ?? [], checks)
  refuseUnknown('--skip', flags.skip ?? [], checks)
  const { expect = defaultSettings.expect, primary } = flags
  const conflicting = { auto: undefined, dual: undefined, ipv4: 'IPv6', ipv6: 'IPv4' }[expect]
  if (primary !== undefined && primary === conflicting) {
    throw new CommandError(
      `Cannot use --primary ${primary} with --expect ${expect}: expected the same family`,
      2,
    )
  }
  return {
    profile: flags.profile ?? defaultSettings.profile,
    readOnly: flags.readOnly ?? false,
    only: flags.only ?? [],
    skip: flags.skip ?? [],
    expect,
    primary,
    nodeSelector: flags.nodeSelector ?? '',
    maxNodes: flags.maxNodes ?? defaultSettings.maxNodes,
    createNodePorts: flags.nodePorts ?? true,
    createLoadBalancers: flags.loadBalancers ?? true,
    image: flags.image === undefined ? defaultSettings.image : resolveImage(flags.image),
    imagePullSecrets: flags.imagePullSecret ?? [],
    egressTargets:
      flags.egressTarget === undefined ? defaultSettings.egressTargets : egressTargetsOf(flags.egressTarget),
    namespacePrefix: defaultSettings.namespacePrefix,
    namespace: flags.namespace,
    timeoutMs: flags.timeout ?? defaultSettings.timeoutMs,
  }
}
