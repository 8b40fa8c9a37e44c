// What a run of verify may be told, defaults filled in; the command line's flags are named likewise.
import type { IPFamily } from '../ip/family.ts'
import type { Profile } from './check.ts'

export type Expectation = 'auto' | 'dual' | 'ipv4' | 'ipv6'

export interface VerifySettings {
  readonly profile: Profile
  /** Nothing is created. */
  readonly readOnly: boolean
  /** Ids; empty: all of the profile. */
  readonly only: readonly string[]
  readonly skip: readonly string[]
  readonly expect: Expectation
  /** Absent: whichever the cluster has. */
  readonly primary: IPFamily | undefined
  /** Label selector for the nodes that are looked at and probed; empty: all. */
  readonly nodeSelector: string
  /** How many nodes get probe Pods. */
  readonly maxNodes: number
  readonly createNodePorts: boolean
  readonly createLoadBalancers: boolean
  /** With its registry: `registry.k8s.io/e2e-test-images/agnhost:2.47`. */
  readonly image: string
  readonly imagePullSecrets: readonly string[]
  /** `host:port` per family for egress; undefined: no egress is tried. */
  readonly egressTargets: Readonly<Partial<Record<IPFamily, string>>> | undefined
  /** Name of the scratch namespace's prefix. */
  readonly namespacePrefix: string
  /** Use this existing namespace instead of making one; only what verify made is removed from it. */
  readonly namespace: string | undefined
  /** For the whole run. */
  readonly timeoutMs: number
}

const egressHost: Readonly<Record<IPFamily, string>> = {
  IPv4: '1.1.1.1:443',
  IPv6: '[2606:4700:4700::1111]:443',
}

/** The image of upstream's own tests, which most mirrors carry. */
export const defaultImagePath = 'e2e-test-images/agnhost:2.47'

/** A whole reference, or a prefix that ends in a slash: a mirror of registry.k8s.io. */
export const resolveImage = (image: string): string =>
  image.endsWith('/') ? image + defaultImagePath : image

export const defaultSettings: VerifySettings = {
  profile: 'standard',
  readOnly: false,
  only: [],
  skip: [],
  expect: 'auto',
  primary: undefined,
  nodeSelector: '',
  maxNodes: 8,
  createNodePorts: true,
  createLoadBalancers: true,
  image: resolveImage('registry.k8s.io/'),
  imagePullSecrets: [],
  egressTargets: egressHost,
  namespacePrefix: 'futago-verify',
  namespace: undefined,
  timeoutMs: 300_000,
}
