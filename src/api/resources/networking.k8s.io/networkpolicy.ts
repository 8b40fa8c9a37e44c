// NetworkPolicy: which traffic Pods take and send. Checked as upstream's pkg/apis/networking/validation does.
import { cidrCovers, parseCIDR } from '../../../ip/cidr.ts'
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../fields.ts'
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../generated/types.ts'
import { cidrWarnings, validateLegacyCIDR } from '../../meta/addresses.ts'
import { ageColumn } from '../../meta/age.ts'
import { portName, portNumber } from '../../meta/names.ts'
import { validateLabelSelector } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { formatSelector, nameColumn } from '../columns.ts'

function defaultPolicy(policy: NetworkPolicy): void {
  policy.spec ??= {}
  const { spec } = policy
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])]
  for (const rule of rules) {
    for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  }
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
}

const protocols = ['TCP', 'UDP', 'SCTP']
const policyTypes = ['Ingress', 'Egress']

function validateEndPort({ port, endPort }: NetworkPolicyPort, field: string): FieldError[] {
  if (endPort === undefined) return []
  if (port === undefined) {
    return [invalidValue(field, endPort, 'may not be specified when `port` is not specified')]
  }
  if (typeof port === 'string') {
    return [invalidValue(field, endPort, 'may not be specified when `port` is non-numeric')]
  }
  return [
    ...(endPort < port ? [invalidValue(field, port, 'must be greater than or equal to `port`')] : []),
    ...portNumber(endPort).map(problem => invalidValue(field, endPort, problem)),
  ]
}

function validatePort(rule: NetworkPolicyPort, field: string): FieldError[] {
  const { port, protocol } = rule
  const problems = port === undefined ? [] : typeof port === 'number' ? portNumber(port) : portName(port)
  return [
    ...(protocol === undefined || protocols.includes(protocol)
      ? []
      : [notSupported(`${field}.protocol`, protocol, protocols)]),
    ...problems.map(problem => invalidValue(`${field}.port`, port, problem)),
    ...validateEndPort(rule, `${field}.endPort`),
  ]
}

function validateIPBlock({ cidr, except = [] }: IPBlock, field: string): FieldError[] {
  if (!cidr) return [required(`${field}.cidr`)]
  const errors = [...validateLegacyCIDR(cidr, `${field}.cidr`)]
  if (errors.length > 0) return errors
  const whole = parseCIDR(cidr)!
  for (const [index, text] of except.entries()) {
    const at = `${field}.except[${index}]`
    const problems = validateLegacyCIDR(text, at)
    if (problems.length > 0) return [...errors, ...problems]
    const part = parseCIDR(text)!
    const isInside = cidrCovers(whole, part) && part.prefixLength > whole.prefixLength
    if (!isInside) errors.push(invalidValue(at, text, 'must be a strict subset of `cidr`'))
  }
  return errors
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, field: string) {
  const errors: FieldError[] = []
  if (podSelector) errors.push(...validateLabelSelector(podSelector, `${field}.podSelector`))
  if (namespaceSelector) {
    errors.push(...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`))
  }
  if (ipBlock) errors.push(...validateIPBlock(ipBlock, `${field}.ipBlock`))
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(field, 'must specify a peer'))
  if (ipBlock && (podSelector || namespaceSelector)) {
    errors.push(forbiddenField(field, 'may not specify both ipBlock and another peer'))
  }
  return errors
}

interface Rule {
  readonly ports?: readonly NetworkPolicyPort[]
  readonly peers?: readonly NetworkPolicyPeer[] | undefined
}

const validateRule = ({ ports = [], peers = [] }: Rule, field: string, peersField: string): FieldError[] => [
  ...ports.flatMap((port, index) => validatePort(port, `${field}.ports[${index}]`)),
  ...peers.flatMap((peer, index) => validatePeer(peer, `${field}.${peersField}[${index}]`)),
]

function validateTypes(types: readonly string[]): FieldError[] {
  const field = 'spec.policyTypes'
  if (types.length > policyTypes.length) {
    return [invalidValue(field, types, 'may not specify more than two policyTypes')]
  }
  return types.flatMap((type, index) =>
    policyTypes.includes(type) ? [] : [notSupported(`${field}[${index}]`, type, policyTypes)],
  )
}

function validate({ spec = {} }: NetworkPolicy): FieldError[] {
  const { ingress = [], egress = [] } = spec
  return [
    ...validateLabelSelector(spec.podSelector, 'spec.podSelector'),
    ...ingress.flatMap(({ from, ...rule }, index) =>
      validateRule({ ...rule, peers: from }, `spec.ingress[${index}]`, 'from'),
    ),
    ...egress.flatMap(({ to, ...rule }, index) =>
      validateRule({ ...rule, peers: to }, `spec.egress[${index}]`, 'to'),
    ),
    ...validateTypes(spec.policyTypes ?? []),
  ]
}

function warnings({ spec = {} }: NetworkPolicy): string[] {
  const peers = [
    ...(spec.ingress ?? []).map(({ from = [] }, index) => [`spec.ingress[${index}].from`, from] as const),
    ...(spec.egress ?? []).map(({ to = [] }, index) => [`spec.egress[${index}].to`, to] as const),
  ]
  return peers.flatMap(([field, list]) =>
    list.flatMap(({ ipBlock }, index) => {
      if (!ipBlock) return []
      const at = `${field}[${index}].ipBlock`
      return [
        ...cidrWarnings(ipBlock.cidr, `${at}.cidr`),
        ...(ipBlock.except ?? []).flatMap((text, position) =>
          cidrWarnings(text, `${at}.except[${position}]`),
        ),
      ]
    }),
  )
}

export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  shortNames: ['netpol'],
  namespaced: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Pod-Selector', policy => formatSelector(policy.spec?.podSelector)),
    ageColumn,
  ],
  default: defaultPolicy,
  validate,
  warnings,
})
