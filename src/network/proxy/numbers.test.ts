import { expect, test } from 'vitest'
import { numberEndpoints } from './numbers.ts'

const endpoint = (address: string, port = 80) => ({ address, port })

test('An endpoint has the same number whatever the others are', () => {
  const [first, second] = numberEndpoints([endpoint('10.0.0.1'), endpoint('fd00::1')])
  expect([first, second]).toEqual([920519159, 2267750086])
  expect(numberEndpoints([endpoint('fd00::1')])).toEqual([second])
  expect(numberEndpoints([endpoint('10.0.0.1', 81)])).not.toEqual([first])
})

test('No two endpoints of a port share a number', () => {
  const same = endpoint('10.0.0.1')
  expect(numberEndpoints([same, same])).toEqual([920519159, 920519160])
})
