import { expect, test } from 'vitest'
import { anyOf, TokenError, type TokenVerifier, verifierOf } from './tokenverifier.ts'

const jane = { name: 'jane', groups: [] }
const own = ['https://api.example']
const janes = verifierOf(token => (token === 'janes' ? jane : undefined), own)

test('A token without audiences of its own is good for this server alone', async () => {
  expect(await janes.verify('janes')).toEqual({ user: jane, audiences: own })
  expect(await janes.verify('janes', ['vault', own[0]!])).toEqual({ user: jane, audiences: own })
  expect(await janes.verify('janes', ['vault'])).toBeUndefined()
  expect(await janes.verify('joes')).toBeUndefined()
})

test('Verifiers are asked in order; a refusal stands when nobody accepts', async () => {
  const refusing: TokenVerifier = {
    verify: async () => {
      throw new TokenError('out of time')
    },
  }
  const broken: TokenVerifier = {
    verify: async () => {
      throw new TypeError('x')
    },
  }
  expect(await anyOf([refusing, janes]).verify('janes')).toMatchObject({ user: jane })
  await expect(anyOf([refusing, janes]).verify('joes')).rejects.toThrow('out of time')
  await expect(anyOf([broken, janes]).verify('janes')).rejects.toThrow(TypeError)
  expect(await anyOf([janes]).verify('joes')).toBeUndefined()
})
