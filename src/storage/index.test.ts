import { expect, test } from 'vitest'
import * as door from './index.ts'
import { openStore, storeConformance } from './index.ts'

await storeConformance('The memory driver through the door', () => openStore('memory'))

test('The door has these names', () => {
  expect(Object.keys(door).sort()).toEqual(['StoreError', 'openStore', 'storeConformance'])
})
