import { expect, test } from 'vitest'
import { readGenerated } from './generatedfile.ts'

test('readGenerated() reads a product and says how to make one that is missing', () => {
  expect(readGenerated('schema.tsv').toString()).toMatch(/^\w+\t/)
  expect(() => readGenerated('nothing.json')).toThrow(
    'Cannot find the derived file nothing.json: expected it in generated/, run npm run generate',
  )
})
