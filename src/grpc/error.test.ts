import { expect, test } from 'vitest'
import { GRPCError, grpcCode } from './error.ts'

test('An error is worded as Go’s clients word it, also with a code that has no name', () => {
  expect(new GRPCError(grpcCode.notFound, 'no such pod').message).toBe(
    'rpc error: code = NotFound desc = no such pod',
  )
  expect(new GRPCError(99, 'strange').message).toBe('rpc error: code = 99 desc = strange')
})
