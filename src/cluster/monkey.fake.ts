// A monkey with an administrator's kubeconfig: requests that are almost right, against whatever is served.
// Objects begin as ones that work and get fields of their kind's schema with values that are odd, huge, of
// another type or of another object; paths, queries, patches and deletions likewise. The same seed does the
// same.

import type { Resource } from '../api/resource.ts'
import { resources } from '../api/resources/index.ts'
import { loadSchema, type Struct, type ValueType } from '../api/schema.ts'

export type Dice = () => number

/** Mulberry32: numbers from 0 up to 1. */
export function diceOf(seed: number): Dice {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const names = ['a', 'b', 'web', 'db', 'default', 'kube-system', 'node-1', 'kubernetes', 'x'.repeat(63)]
const texts = [
  ...names,
  '',
  '-',
  '/',
  '..',
  '%00',
  '\0',
  '\ud800',
  'ÄÖ\u202e',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  'y'.repeat(20_000),
  '$('.repeat(2000),
  '*'.repeat(100),
  '10.0.0.0/0',
  '10.96.0.0/12',
  '::/0',
  'fd00::/64',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
  '255.255.255.255',
  '1e1000000000',
  '-1',
  '9'.repeat(400),
  '100m',
  '1Ei',
  '0',
  '* * * * *',
  '*/1 0-59 31 2 *',
  '@every 1ns',
  '2020-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '1h',
  'true',
  'Always',
  'ClusterIP',
  'None',
  'TCP',
  'IPv4',
  'IPv6',
  '100%',
  'a=b,c in (d)',
  'sha256:abc',
  '{}',
]
const numbers = [
  0,
  -0,
  1,
  -1,
  2,
  80,
  65_535,
  65_536,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  1e9,
  2 ** 53,
  1e21,
  0.5,
]

/** Broken surrogates cannot be escaped. */
const escaped = (text: string) => encodeURIComponent(Buffer.from(text).toString())

const meta = (name: string) => ({ metadata: { name, labels: { app: 'web' } } })
const podSpec = { containers: [{ name: 'c', image: 'web', command: ['sh', '-c', 'echo hello; sleep 5'] }] }
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec }
const selector = { matchLabels: { app: 'web' } }

/** What works, by kind; kinds that are not here begin with their name alone. */
const specs: Readonly<Record<string, object>> = {
  Pod: { spec: podSpec },
  Deployment: { spec: { replicas: 1, selector, template } },
  ReplicaSet: { spec: { replicas: 1, selector, template } },
  StatefulSet: { spec: { replicas: 1, selector, template, serviceName: 'web' } },
  DaemonSet: { spec: { selector, template } },
  ReplicationController: { spec: { replicas: 1, selector: { app: 'web' }, template } },
  Job: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
  CronJob: {
    spec: {
      schedule: '* * * * *',
      jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    },
  },
  Service: { spec: { selector: { app: 'web' }, ports: [{ port: 80 }], type: 'LoadBalancer' } },
  Ingress: { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
  NetworkPolicy: { spec: { podSelector: {}, ingress: [{}] } },
  PodDisruptionBudget: { spec: { minAvailable: 1, selector } },
  HorizontalPodAutoscaler: {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  },
  EndpointSlice: { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::5'] }], ports: [{ port: 80 }] },
  ResourceQuota: { spec: { hard: { pods: '100', 'requests.cpu': '10' } } },
  LimitRange: { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } },
  PersistentVolumeClaim: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  Role: { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  RoleBinding: {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'web' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'a' }],
  },
  Lease: { spec: { holderIdentity: 'a', leaseDurationSeconds: 1 } },
}

export interface MonkeyRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export class Monkey {
  readonly #dice: Dice

  constructor(dice: Dice) {
    this.#dice = dice
  }

  #chance(share: number): boolean {
    return this.#dice() < share
  }

  #of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#dice() * choices.length)]!
  }

  /** Of the type, most of the time. */
  #value(type: ValueType, depth: number): unknown {
    if (this.#chance(0.05)) return this.#of<unknown>([null, [], {}, ...numbers, ...texts, [[null]], true])
    switch (type.code) {
      case 'b':
        return this.#chance(0.5)
      case 'i':
      case 'l':
      case 'd':
        return this.#of(numbers)
      case 'p':
        return this.#of<unknown>([...numbers, ...texts])
      case 't':
      case 'm':
        return this.#of(['2020-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '0001-01-01T00:00:00Z', 'x'])
      case '@':
        return depth > 6 ? {} : this.#struct(type.struct!, depth + 1)
      case '[':
        return Array.from({ length: this.#of([0, 1, 1, 2, 3]) }, () => this.#value(type.of!, depth + 1))
      case '{':
        return Object.fromEntries([[this.#of(texts), this.#value(type.of!, depth + 1)]])
      default:
        return this.#of(texts)
    }
  }

  #struct(struct: Struct, depth: number): Record<string, unknown> {
    const made: Record<string, unknown> = {}
    const share = 2.5 / Math.max(3, struct.fields.size)
    for (const [name, field] of struct.fields) {
      if (field.required ? this.#chance(0.9) : this.#chance(share))
        made[name] = this.#value(field.type, depth)
    }
    return made
  }

  /** Sets a field somewhere in an object to something else of its type. */
  #disturb(object: Record<string, unknown>, struct: Struct): void {
    const names = [...struct.fields.keys()]
    const known = names.filter(name => typeof object[name] === 'object' && object[name] !== null)
    const name = known.length > 0 && this.#chance(0.75) ? this.#of(known) : this.#of(names)
    const type = struct.fields.get(name)?.type
    if (!type) return
    const inner = object[name]
    const item = Array.isArray(inner) ? inner[0] : inner
    const deeper = type.struct ?? type.of?.struct
    if (deeper && typeof item === 'object' && item !== null && this.#chance(0.85)) {
      this.#disturb(item as Record<string, unknown>, deeper)
    } else object[name] = this.#value(type, 2)
  }

  #object({ kind, group, version }: Resource, name: string): Record<string, unknown> {
    const object: Record<string, unknown> = structuredClone({ ...meta(name), ...specs[kind] })
    const struct = loadSchema().kind({ kind, group, version })
    for (let times = this.#of([0, 1, 1, 2, 5]); struct && times > 0; times--) this.#disturb(object, struct)
    return object
  }

  #query(method: string): string {
    const listing = ['limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'labelSelector']
    const reading = [...listing, 'fieldSelector', 'timeoutSeconds', 'pretty', 'sendInitialEvents']
    const writing = ['dryRun', 'fieldManager', 'fieldValidation', 'propagationPolicy', 'gracePeriodSeconds']
    const parameters = method === 'GET' ? reading : writing
    const given = Array.from({ length: this.#of([0, 0, 0, 1, 1, 2]) }, () => this.#of(parameters))
    const values = [...texts.filter(text => text.length < 1000), 'All', 'Strict', 'Exact', 'Foreground', '5']
    const text = given.map(name => `${name}=${escaped(this.#of(values))}`).join('&')
    return text === '' ? '' : `?${text}`
  }

  #patch(object: Record<string, unknown>): { type: string; body: unknown } {
    const type = this.#of(['merge-patch', 'strategic-merge-patch', 'json-patch'])
    if (type !== 'json-patch') {
      const directives = {
        $patch: this.#of(['delete', 'replace', 'x']),
        '$setElementOrder/ports': [{ port: 80 }],
      }
      return { type, body: this.#chance(0.2) ? { ...object, spec: directives } : object }
    }
    const pointers = [
      '/spec',
      '/metadata/labels/app',
      '/spec/replicas',
      '/status',
      '',
      '/spec/template/spec',
      '/-',
    ]
    const body = Array.from({ length: this.#of([1, 1, 3]) }, () => ({
      op: this.#of(['add', 'replace', 'remove', 'copy', 'move', 'test']),
      path: this.#of(pointers),
      from: this.#of(pointers),
      value: this.#of<unknown>([...numbers, ...texts.slice(0, 12), object['spec'] ?? null]),
    }))
    return { type, body }
  }

  request(): MonkeyRequest {
    const resource = this.#of(resources)
    const { group, version } = resource
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const space = resource.namespaced ? `/namespaces/${this.#of(['default', 'default', 'default', 'a'])}` : ''
    const collection = `${root}${space}/${resource.resource}`
    const name = this.#of(['web', 'a', 'b', 'web', escaped(this.#of(texts)).slice(0, 900)])
    const method = this.#of(['POST', 'POST', 'POST', 'PUT', 'PATCH', 'GET', 'GET', 'DELETE'])
    const subresource = this.#chance(0.15)
      ? `/${this.#of(['status', 'scale', 'log', 'eviction', 'binding', 'x'])}`
      : ''
    const object = this.#object(resource, this.#of(['web', 'a', 'b', 'default', 'node-1']))
    const path = (onCollection: boolean) =>
      (onCollection ? collection : `${collection}/${name}${subresource}`) + this.#query(method)
    const json = { 'content-type': 'application/json' }
    if (method === 'GET') {
      const accept = this.#of(['*/*', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/yaml'])
      return { method, path: path(this.#chance(0.7)), headers: { accept } }
    }
    if (method === 'DELETE') return { method, path: path(this.#chance(0.02)), headers: {} }
    if (method !== 'PATCH')
      return { method, path: path(method === 'POST'), headers: json, body: JSON.stringify(object) }
    const patch = this.#patch(object)
    const headers = { 'content-type': `application/${patch.type}+json` }
    return { method, path: path(false), headers, body: JSON.stringify(patch.body) }
  }
}
