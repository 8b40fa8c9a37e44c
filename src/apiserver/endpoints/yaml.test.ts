import { expect, test } from 'vitest'
import { parseYAML } from './yaml.ts'

test('What is repeated by reference is written out: no two places share a value', async () => {
  const value = (await parseYAML('a: &labels {app: web}\nb: *labels\n', 'Pod')) as Record<string, object>
  expect(value).toEqual({ a: { app: 'web' }, b: { app: 'web' } })
  expect(value['a']).not.toBe(value['b'])
})

test('A document that grows without end by its references is refused', async () => {
  const refused = /^the object provided is unrecognized \(must be of type Pod\): error parsing YAML: /
  let bomb = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n'
  for (let level = 1; level < 12; level++) {
    bomb += `a${level}: &a${level} [${Array(10)
      .fill(`*a${level - 1}`)
      .join(', ')}]\n`
  }
  await expect(parseYAML(bomb, 'Pod')).rejects.toThrow(/document contains excessive aliasing$/)
  await expect(parseYAML('a: &a [*a]', 'Pod')).rejects.toThrow(/document contains excessive aliasing$/)
  await expect(parseYAML('[', 'Pod')).rejects.toThrow(refused)
})
