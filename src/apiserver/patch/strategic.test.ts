import { describe, expect, test } from 'vitest'
import { loadSchema } from '../../api/schema.ts'
import { StatusError } from '../../api/status.ts'
import { strategicMergePatch } from './strategic.ts'

const schemaOf = (group: string, kind: string) => loadSchema().patchSchemaFor({ group, version: 'v1', kind })!
const pod = schemaOf('', 'Pod')
const deployment = schemaOf('apps', 'Deployment')
const container = (name: string, image = 'old') => ({ name, image })
const podWith = (...containers: object[]) => ({ spec: { containers } })

describe('keyed lists', () => {
  test('merge by their key; a new element comes first', () => {
    const current = podWith(container('a'), container('b'))
    expect(strategicMergePatch(current, podWith(container('b', 'new'), container('c', 'new')), pod)).toEqual(
      podWith(container('a'), container('b', 'new'), container('c', 'new')),
    )
    expect(strategicMergePatch(podWith(container('a')), podWith(container('z')), pod)).toEqual(
      podWith(container('z'), container('a')),
    )
  })

  test('lose the elements that $patch: delete names', () => {
    const patch = podWith({ name: 'a', $patch: 'delete' })
    expect(strategicMergePatch(podWith(container('a'), container('b')), patch, pod)).toEqual(
      podWith(container('b')),
    )
  })

  test('are replaced where an element says $patch: replace', () => {
    const patch = podWith({ $patch: 'replace' }, container('c'))
    expect(strategicMergePatch(podWith(container('a')), patch, pod)).toEqual(podWith(container('c')))
  })

  test('follow $setElementOrder', () => {
    const patch = {
      spec: {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
        containers: [container('a', 'new')],
      },
    }
    expect(strategicMergePatch(podWith(container('a'), container('b')), patch, pod)).toEqual(
      podWith(container('b'), container('a', 'new')),
    )
  })

  test('refuse a patch whose order contradicts $setElementOrder', () => {
    const patch = {
      spec: {
        '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
        containers: [container('b'), container('a')],
      },
    }
    expect(() => strategicMergePatch(podWith(container('a')), patch, pod)).toThrow(
      "doesn't match $setElementOrder list",
    )
  })

  test('refuse an element without the key', () => {
    expect(() => strategicMergePatch(podWith(container('a')), podWith({ image: 'x' }), pod)).toThrow(
      'does not contain declared merge key: name',
    )
  })

  test('Ports of a container merge by containerPort', () => {
    const current = podWith({ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] })
    const patch = podWith({ name: 'a', ports: [{ containerPort: 80, name: 'web' }] })
    expect(strategicMergePatch(current, patch, pod)).toEqual(
      podWith({ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }] }),
    )
  })
})

describe('plain fields', () => {
  test('Maps merge, null removes, lists without a strategy are replaced', () => {
    const current = {
      metadata: { labels: { a: '1', b: '2' } },
      spec: { tolerations: [{ key: 'x' }], nodeName: 'n' },
    }
    const patch = {
      metadata: { labels: { a: null, c: '3' } },
      spec: { tolerations: [{ key: 'y' }], nodeName: null },
    }
    expect(strategicMergePatch(current, patch, pod)).toEqual({
      metadata: { labels: { b: '2', c: '3' } },
      spec: { tolerations: [{ key: 'y' }] },
    })
  })

  test('What is new arrives without nulls and directives', () => {
    const patch = { spec: { securityContext: { runAsUser: null, runAsGroup: 1, $patch: 'merge' } } }
    expect(strategicMergePatch({ spec: {} }, patch, pod)).toEqual({
      spec: { securityContext: { runAsGroup: 1 } },
    })
  })

  test('$patch: replace and delete work on objects', () => {
    const current = { metadata: { labels: { a: '1' } } }
    expect(
      strategicMergePatch(current, { metadata: { labels: { $patch: 'replace', b: '2' } } }, pod),
    ).toEqual({
      metadata: { labels: { b: '2' } },
    })
    expect(strategicMergePatch(current, { metadata: { labels: { $patch: 'delete' } } }, pod)).toEqual({
      metadata: { labels: {} },
    })
  })

  test('$retainKeys drops what it does not name', () => {
    const current = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
    expect(strategicMergePatch(current, patch, deployment)).toEqual({
      spec: { strategy: { type: 'Recreate' } },
    })
  })

  test('Finalizers are a set: merged, and thinned by $deleteFromPrimitiveList', () => {
    const current = { metadata: { finalizers: ['a', 'b'] } }
    expect(strategicMergePatch(current, { metadata: { finalizers: ['b', 'c'] } }, pod)).toEqual({
      metadata: { finalizers: ['a', 'b', 'c'] },
    })
    const patch = {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], '$setElementOrder/finalizers': ['b'] },
    }
    expect(strategicMergePatch(current, patch, pod)).toEqual({ metadata: { finalizers: ['b'] } })
  })
})

test('Neither side is changed', () => {
  const current = podWith(container('a'))
  const patch = podWith({ name: 'a', image: 'new', $patch: 'merge' } as object)
  const before = JSON.stringify([current, patch])
  try {
    strategicMergePatch(current, patch, pod)
  } catch {}
  expect(JSON.stringify([current, patch])).toBe(before)
})

test('What is no patch is a bad request', () => {
  expect(() => strategicMergePatch({}, [], pod)).toThrow(StatusError)
})
