import fc from 'fast-check'
import { dump } from 'js-yaml'
import { expect, test } from 'vitest'
import { almost, anyText, fuzzAsync } from '../../../test/fuzzing.ts'
import { StatusError } from '../../api/status.ts'
import { parseYAML } from './yaml.ts'

const manifests = [
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: &l {app: a}}\ndata:\n  a: |\n    b\n  c: >-\n    d\n',
  'apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        args: ["-x", \'y\']\n',
]
const pieces = [
  '\t',
  '&a ',
  '*a',
  '*l',
  '!!str ',
  '<<: ',
  '? ',
  '- ',
  ': ',
  '|',
  '>',
  '{',
  '}',
  '[',
  ']',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '#',
  "'",
  '"',
  '\\x',
  '\r',
  '\u2028',
  '\ufeff',
  '__proto__: ',
  '.nan',
  '0o17',
  '~',
]
const document = fc.oneof(
  fc.constantFrom(...manifests),
  fc.jsonValue().map(value => dump(value)),
)

test('Every document is a value without loops, or a BadRequest', async () => {
  await fuzzAsync(
    fc.asyncProperty(fc.oneof(anyText, almost(document, pieces)), async text => {
      try {
        JSON.stringify(await parseYAML(text, 'Pod'))
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError)
      }
      expect(Object.keys(Object.prototype)).toEqual([])
    }),
    800,
  )
})
