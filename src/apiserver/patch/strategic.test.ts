import { expect, test } from 'vitest'
import { loadSchema } from '../../api/schema.ts'
import { strategicMergePatch } from './strategic.ts'

const schemaOf = (group: string, kind: string) => loadSchema().patchSchemaFor({ group, version: 'v1', kind })!

const pod = (spec: object, metadata: object = {}) => ({ metadata, spec })
const applyToPod = (current: object, patch: unknown) =>
  strategicMergePatch(patch, schemaOf('', 'Pod'))(current)
const specOf = (result: unknown) => (result as { spec: Record<string, unknown> }).spec

function refusal(act: () => unknown) {
  try {
    act()
  } catch (error) {
    const { code, message } = error as { code: number; message: string }
    return `${code} ${message}`
  }
  return undefined
}

const twoContainers = () =>
  pod({
    containers: [
      { name: 'web', image: 'nginx:1', ports: [{ containerPort: 80, name: 'http' }] },
      { name: 'side', image: 'side:1' },
    ],
  })

test('A list with a merge key is merged by it; the patch says the order', () => {
  const patch = {
    spec: {
      containers: [
        { name: 'new', image: 'new:1' },
        { name: 'web', image: 'nginx:2' },
      ],
    },
  }
  expect(specOf(applyToPod(twoContainers(), patch)).containers).toEqual([
    { name: 'new', image: 'new:1' },
    { name: 'web', image: 'nginx:2', ports: [{ containerPort: 80, name: 'http' }] },
    { name: 'side', image: 'side:1' },
  ])
})

test('Neither the object nor the patch is changed', () => {
  const current = twoContainers()
  const patch = {
    spec: {
      '$setElementOrder/containers': [{ name: 'side' }, { name: 'web' }],
      containers: [
        { name: 'web', ports: [{ containerPort: 81 }] },
        { name: 'side', $patch: 'delete' },
      ],
    },
  }
  const texts = [JSON.stringify(current), JSON.stringify(patch)]
  applyToPod(current, patch)
  expect([JSON.stringify(current), JSON.stringify(patch)]).toEqual(texts)
})

test('$patch: delete takes an element out, $patch: replace the whole list or object', () => {
  const remove = { spec: { containers: [{ name: 'web', $patch: 'delete' }] } }
  expect(specOf(applyToPod(twoContainers(), remove)).containers).toEqual([{ name: 'side', image: 'side:1' }])
  const replaceList = { spec: { containers: [{ $patch: 'replace' }, { name: 'only', image: 'only:1' }] } }
  expect(specOf(applyToPod(twoContainers(), replaceList)).containers).toEqual([
    { name: 'only', image: 'only:1' },
  ])
  const current = pod({ securityContext: { runAsUser: 1, runAsGroup: 2 } })
  const replaceObject = { spec: { securityContext: { $patch: 'replace', fsGroup: 3 } } }
  expect(specOf(applyToPod(current, replaceObject))).toEqual({ securityContext: { fsGroup: 3 } })
  const removeObject = { spec: { securityContext: { $patch: 'delete' } } }
  expect(specOf(applyToPod(current, removeObject))).toEqual({ securityContext: {} })
})

test('$setElementOrder orders the patch’s elements among those that only the server has', () => {
  const current = pod({
    containers: ['a', 'server', 'b', 'c'].map(name => ({ name, image: name })),
  })
  const patch = {
    spec: {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }, { name: 'b' }],
      containers: [{ name: 'b', image: 'new' }],
    },
  }
  expect(specOf(applyToPod(current, patch)).containers).toEqual([
    { name: 'server', image: 'server' },
    { name: 'c', image: 'c' },
    { name: 'a', image: 'a' },
    { name: 'b', image: 'new' },
  ])
  const order = { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }, { name: 'c' }] } }
  const names = (specOf(applyToPod(current, order)).containers as { name: string }[]).map(({ name }) => name)
  expect(names).toEqual(['server', 'b', 'a', 'c'])
})

test('A list of plain values with strategy merge is a set', () => {
  const current = pod({}, { finalizers: ['a', 'b'] })
  const finalizersAfter = (metadata: object) =>
    (applyToPod(current, { metadata }) as { metadata: { finalizers: string[] } }).metadata.finalizers
  expect(finalizersAfter({ finalizers: ['b', 'c'] })).toEqual(['a', 'b', 'c'])
  expect(finalizersAfter({ '$deleteFromPrimitiveList/finalizers': ['a'] })).toEqual(['b'])
  expect(
    finalizersAfter({
      '$deleteFromPrimitiveList/finalizers': ['a'],
      '$setElementOrder/finalizers': ['c', 'b'],
      finalizers: ['c'],
    }),
  ).toEqual(['c', 'b'])
})

test('A list without a strategy is replaced, and so is a struct with strategy replace', () => {
  const current = pod({ containers: [{ name: 'web', args: ['a', 'b'] }] })
  const patch = { spec: { containers: [{ name: 'web', args: ['c'] }] } }
  expect(specOf(applyToPod(current, patch)).containers).toEqual([{ name: 'web', args: ['c'] }])
  const budget = { spec: { selector: { matchLabels: { a: 'b' } }, minAvailable: 1 } }
  const change = { spec: { selector: { matchLabels: { c: 'd' } } } }
  expect(strategicMergePatch(change, schemaOf('policy', 'PodDisruptionBudget'))(budget)).toEqual({
    spec: { selector: { matchLabels: { c: 'd' } }, minAvailable: 1 },
  })
})

test('$retainKeys clears the other members of a union', () => {
  const current = {
    spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }, replicas: 1 },
  }
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
  const deployments = schemaOf('apps', 'Deployment')
  expect(strategicMergePatch(patch, deployments)(current)).toEqual({
    spec: { strategy: { type: 'Recreate' }, replicas: 1 },
  })
  const bad = { spec: { strategy: { $retainKeys: ['rollingUpdate'], type: 'Recreate' } } }
  expect(refusal(() => strategicMergePatch(bad, deployments)(current))).toBe(
    '400 invalid patch format of retainKeys',
  )
})

test('null removes a field; nulls and directives in what is new disappear', () => {
  const current = pod({ nodeName: 'n', containers: [{ name: 'web' }] })
  const patch = {
    spec: {
      nodeName: null,
      hostname: null,
      securityContext: { runAsUser: 1, runAsGroup: null, seLinuxOptions: { $patch: 'delete' } },
      volumes: [
        { name: 'gone', $patch: 'delete' },
        { name: 'v', $retainKeys: ['name'] },
      ],
    },
  }
  expect(specOf(applyToPod(current, patch))).toEqual({
    containers: [{ name: 'web' }],
    securityContext: { runAsUser: 1 },
    volumes: [{ name: 'v' }],
  })
})

test('Service ports are merged by port, load balancer ingress by nothing', () => {
  const services = schemaOf('', 'Service')
  const current = { spec: { ports: [{ name: 'a', port: 80, nodePort: 30080 }], externalIPs: ['fd00::1'] } }
  const patch = { spec: { ports: [{ port: 80, name: 'b' }, { port: 443 }], externalIPs: ['192.0.2.1'] } }
  expect(strategicMergePatch(patch, services)(current)).toEqual({
    spec: {
      ports: [{ name: 'b', port: 80, nodePort: 30080 }, { port: 443 }],
      externalIPs: ['192.0.2.1'],
    },
  })
})

test('Fields that the schema does not know, and kinds without one, are plain JSON', () => {
  const patch = { spec: { unknown: { b: 2 }, list: [{ name: 'b' }] } }
  const current = { spec: { unknown: { a: 1 }, list: [{ name: 'a' }] } }
  const expected = { spec: { unknown: { a: 1, b: 2 }, list: [{ name: 'b' }] } }
  expect(applyToPod(current, patch)).toEqual(expected)
  expect(strategicMergePatch(patch, undefined)(current)).toEqual(expected)
})

test('Errors are worded as apimachinery words them', () => {
  const refuse = (patch: unknown) => refusal(() => applyToPod(twoContainers(), patch))
  expect(refuse({ spec: { containers: [{ image: 'x' }] } })).toBe(
    '400 map: map[image:x] does not contain declared merge key: name',
  )
  expect(refuse({ spec: { containers: [{ name: 'x' }, 'y'] } })).toContain(
    '400 list element types are not identical',
  )
  expect(refuse({ spec: { containers: [['x']] } })).toBe(
    '400 list element types are not identical: [[map[image:nginx:1 name:web ports:[map[containerPort:80 ' +
      'name:http]]] map[image:side:1 name:side]] [[x]]]',
  )
  expect(refuse({ $patch: 'merge' })).toBe('400 unknown patch type: merge in map: map[$patch:merge]')
  expect(refuse({ spec: { containers: [{ $patch: 'merge' }] } })).toBe(
    '400 merging lists cannot yet be specified in the patch',
  )
  expect(refuse({ metadata: { '$deleteFromPrimitiveList-finalizers': ['a'] } })).toBe(
    '400 invalid patch format of primitive list',
  )
  expect(
    refuse({ spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b' }] } }),
  ).toBe(
    "400 The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
  )
  expect(refusal(() => strategicMergePatch([], undefined))).toBe(
    '400 json: cannot unmarshal array into Go value of type map[string]interface {}',
  )
})
