import { expect, test } from 'vitest'
import { ageColumn } from '../api/meta/age.ts'
import type { KubeObject } from '../api/object.ts'
import { column, defineResource } from '../api/resource.ts'
import type { StoredObject } from './registry/registry.ts'
import { tableFor, tableForBookmark, tableForObject } from './table.ts'

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0)

interface Widget extends KubeObject {
  size?: number
  restartedAt?: string
}

const widgets = defineResource<Widget>({
  group: '',
  version: 'v1',
  kind: 'Widget',
  resource: 'widgets',
  namespaced: true,
  columns: [
    column('Name', widget => widget.metadata.name ?? '', { format: 'name' }),
    column('Size', widget => widget.size ?? null, { type: 'integer' }),
    column(
      'Restarts',
      (widget, now) =>
        widget.restartedAt ? `${(now - Date.parse(widget.restartedAt)) / 1000}s ago` : 'none',
      { timeDependent: true },
    ),
    ageColumn,
    column('Note', () => 'föö', { wide: true }),
  ],
})
const plain = defineResource({
  group: '',
  version: 'v1',
  kind: 'Plain',
  resource: 'plains',
  namespaced: true,
})

function stored(object: Widget): StoredObject {
  const whole = { kind: 'Widget', apiVersion: 'v1', ...object }
  return {
    name: object.metadata.name ?? '',
    namespace: 'ns',
    uid: '',
    revision: Number(object.metadata.resourceVersion),
    labels: {},
    bytes: Buffer.from(JSON.stringify(whole)),
    object: whole,
  }
}

const metadata = (name: string) => ({
  name,
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T11:55:00Z',
  annotations: { tricky: '"}{\\' },
})
const one = stored({ metadata: metadata('one'), size: 3 })
const two = stored({ metadata: metadata('two'), restartedAt: '2026-01-01T11:59:00Z' })
const read = (bytes: Buffer) =>
  JSON.parse(bytes.toString()) as { rows: unknown[]; columnDefinitions: unknown }
const partial = (name: string) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: metadata(name),
})

test('tableFor() renders rows with the metadata of their objects', () => {
  const list = { items: [one, two], resourceVersion: '9', continue: 'next', remainingItemCount: 1 }
  expect(read(tableFor(widgets, list, { nowMs }))).toEqual({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '9', continue: 'next', remainingItemCount: 1 },
    columnDefinitions: [
      { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 },
      { name: 'Size', type: 'integer', format: '', description: '', priority: 0 },
      { name: 'Restarts', type: 'string', format: '', description: '', priority: 0 },
      { name: 'Age', type: 'string', format: '', description: ageColumn.description, priority: 0 },
      { name: 'Note', type: 'string', format: '', description: '', priority: 1 },
    ],
    rows: [
      { cells: ['one', 3, 'none', '5m', 'föö'], object: partial('one') },
      { cells: ['two', null, '60s ago', '5m', 'föö'], object: partial('two') },
    ],
  })
})

test('A row that was rendered before still follows the time', () => {
  const { rows } = read(
    tableFor(widgets, { items: [one, two], resourceVersion: '9' }, { nowMs: nowMs + 90_000 }),
  )
  expect(rows).toMatchObject([
    { cells: ['one', 3, 'none', '6m30s', 'föö'] },
    { cells: ['two', null, '150s ago', '6m30s', 'föö'] },
  ])
})

test('includeObject decides what a row carries', () => {
  const list = { items: [one], resourceVersion: '9' }
  expect(read(tableFor(widgets, list, { nowMs, includeObject: 'None' })).rows).toMatchObject([
    { object: null },
  ])
  expect(read(tableFor(widgets, list, { nowMs, includeObject: 'Object' })).rows).toMatchObject([
    { object: { kind: 'Widget', size: 3 } },
  ])
})

test('An empty list is a Table without rows', () => {
  expect(read(tableFor(widgets, { items: [], resourceVersion: '9' }, { nowMs })).rows).toEqual([])
})

test('A watch sends the column definitions once', () => {
  const first = read(tableForObject(widgets, one, { nowMs }))
  expect(first).toMatchObject({ metadata: { resourceVersion: '7' }, rows: [{ object: partial('one') }] })
  expect(first.columnDefinitions).toHaveLength(5)
  expect(read(tableForObject(widgets, one, { nowMs, withColumns: false })).columnDefinitions).toBeNull()
  expect(read(tableForBookmark(widgets, 12, { withColumns: false }))).toEqual({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '12' },
    columnDefinitions: null,
    rows: [],
  })
})

test('A kind without columns shows name and creation', () => {
  const { rows, columnDefinitions } = read(tableForObject(plain, one, { nowMs }))
  expect(columnDefinitions).toMatchObject([{ name: 'Name' }, { name: 'Created At', type: 'date' }])
  expect(rows).toMatchObject([{ cells: ['one', '2026-01-01T11:55:00Z'] }])
})
