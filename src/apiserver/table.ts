// Renders objects as Tables, which is what `kubectl get` shows (KEP: server-side printing; k8s.io/apiserver
// endpoints/handlers/response.go). What does not change with time is rendered once for each stored object.
import { ageColumn, formatAge } from '../api/meta/age.ts'
import { type Column, column, type Resource } from '../api/resource.ts'
import { listMetadata, metadataBytes, partialStart } from './metadatabytes.ts'
import type { MetaVersion } from './negotiation.ts'
import type { StoredList, StoredObject } from './registry/registry.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export interface TableOptions {
  /** Default: Metadata. */
  readonly includeObject?: IncludeObject
  readonly nowMs: number
  /** Default: v1. */
  readonly metaVersion?: MetaVersion
}

/** What kinds without columns of their own show. */
export const defaultColumns: readonly Column[] = [
  column('Name', object => object.metadata.name ?? '', { format: 'name' }),
  column('Created At', object => object.metadata.creationTimestamp ?? null, { type: 'date' }),
]

/** What a Table needs to know of a kind. */
export type Tabular = Pick<Resource, 'columns'>

const columnsOf = (resource: Tabular) => resource.columns ?? defaultColumns

const definitions = new WeakMap<Tabular, string>()

function columnDefinitions(resource: Tabular): string {
  const known = definitions.get(resource)
  if (known !== undefined) return known
  const made = JSON.stringify(
    columnsOf(resource).map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
  )
  definitions.set(resource, made)
  return made
}

/** A row's cells: JSON texts, and between them what must be asked again each time. */
interface Cells {
  readonly resource: Tabular
  readonly texts: readonly string[]
  /**
   * Column `n` stands between texts `n` and `n + 1`; the age column, by far the most common, needs no
   * object.
   */
  readonly changing: readonly (Column | typeof ageColumn)[]
  readonly createdMs: number
}

const rendered = new WeakMap<StoredObject, Cells>()
const farLater = 20 * 365 * 24 * 3600 * 1000

/**
 * A cell whose text depends on the time only for some objects is the same now and in twenty years for the
 * others.
 */
function isSteady(item: Column, stored: StoredObject, nowMs: number): boolean {
  if (!item.timeDependent) return true
  if (item === ageColumn) return false
  return item.cell(stored.object, nowMs) === item.cell(stored.object, nowMs + farLater)
}

function renderCells(resource: Tabular, stored: StoredObject, nowMs: number): Cells {
  const texts: string[] = []
  const changing: Column[] = []
  let text = '{"cells":['
  for (const [index, item] of columnsOf(resource).entries()) {
    if (index > 0) text += ','
    if (isSteady(item, stored, nowMs)) {
      text += JSON.stringify(item.cell(stored.object, nowMs))
    } else {
      texts.push(text)
      changing.push(item)
      text = ''
    }
  }
  texts.push(`${text}],"object":`)
  const created = stored.object.metadata.creationTimestamp
  return { resource, texts, changing, createdMs: created === undefined ? Number.NaN : Date.parse(created) }
}

function rowStart(resource: Tabular, stored: StoredObject, nowMs: number): string {
  let cells = rendered.get(stored)
  if (cells?.resource !== resource) {
    cells = renderCells(resource, stored, nowMs)
    rendered.set(stored, cells)
  }
  let text = cells.texts[0]!
  for (const [index, item] of cells.changing.entries()) {
    if (item !== ageColumn) text += JSON.stringify(item.cell(stored.object, nowMs))
    else text += Number.isNaN(cells.createdMs) ? '"<unknown>"' : `"${formatAge(nowMs - cells.createdMs)}"`
    text += cells.texts[index + 1]
  }
  return text
}

/** Pieces of an answer, put together once their whole length is known. */
class Pieces {
  readonly #pieces: (string | Buffer)[] = []
  #length = 0

  add(piece: string | Buffer) {
    this.#pieces.push(piece)
    this.#length += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
  }

  join(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      if (typeof piece === 'string') at += bytes.write(piece, at)
      else at += piece.copy(bytes, at)
    }
    return bytes
  }
}

interface Row {
  readonly start: string
  readonly stored: StoredObject
  readonly include: IncludeObject
  readonly version: MetaVersion
}

function addRow(pieces: Pieces, row: Row) {
  const { start, stored, include, version } = row
  if (include === 'Metadata') {
    pieces.add(`${start}${partialTexts[version]}`)
    pieces.add(metadataBytes(stored))
    pieces.add('}}')
  } else if (include === 'Object') {
    pieces.add(start)
    pieces.add(stored.bytes)
    pieces.add('}')
  } else {
    pieces.add(`${start}null}`)
  }
}

const partialTexts: Readonly<Record<MetaVersion, string>> = {
  'meta.k8s.io/v1': partialStart['meta.k8s.io/v1'].toString(),
  'meta.k8s.io/v1beta1': partialStart['meta.k8s.io/v1beta1'].toString(),
}
const tableStart = (version: MetaVersion, metadata: string, columns: string) =>
  `{"kind":"Table","apiVersion":"${version}","metadata":${metadata},"columnDefinitions":${columns},"rows":[`

/** A list as a Table. */
export function tableFor(resource: Resource, list: StoredList, options: TableOptions): Buffer {
  const { includeObject: include = 'Metadata', nowMs, metaVersion: version = 'meta.k8s.io/v1' } = options
  const pieces = new Pieces()
  pieces.add(tableStart(version, listMetadata(list), columnDefinitions(resource)))
  for (const [index, stored] of list.items.entries()) {
    const start = rowStart(resource, stored, nowMs)
    addRow(pieces, { start: index === 0 ? start : `,${start}`, stored, include, version })
  }
  pieces.add(']}')
  return pieces.join()
}

/** One object as a Table: the answer to a GET or a write, and the object of a watch event. */
export function tableForObject(
  resource: Tabular,
  stored: StoredObject,
  options: TableOptions & {
    /** Default: true. A watch sends the column definitions with its first event only. */
    readonly withColumns?: boolean
  },
): Buffer {
  const { includeObject: include = 'Metadata', nowMs, withColumns = true } = options
  const { metaVersion: version = 'meta.k8s.io/v1' } = options
  const pieces = new Pieces()
  const metadata = `{"resourceVersion":"${stored.revision}"}`
  pieces.add(tableStart(version, metadata, withColumns ? columnDefinitions(resource) : 'null'))
  addRow(pieces, { start: rowStart(resource, stored, nowMs), stored, include, version })
  pieces.add(']}')
  return pieces.join()
}

/** A bookmark's object in a watch of Tables. */
export function tableForBookmark(
  resource: Resource,
  revision: number,
  options: { readonly withColumns: boolean; readonly metaVersion?: MetaVersion },
): Buffer {
  const { withColumns, metaVersion = 'meta.k8s.io/v1' } = options
  const metadata = `{"resourceVersion":"${revision}"}`
  const columns = withColumns ? columnDefinitions(resource) : 'null'
  return Buffer.from(`${tableStart(metaVersion, metadata, columns)}]}`)
}
