import { expect, test } from 'vitest'
import type { Secret } from '../api/generated/types.ts'
import { startControllers } from './liveserver.fake.ts'
import { namespaces, secrets, serviceAccounts } from './resources.ts'
import { serviceAccountTokenController } from './serviceaccounttoken.ts'

const issue = ({
  namespace,
  secretName,
  account,
}: {
  namespace: string
  secretName: string
  account: { name: string }
}) => `token of ${namespace}/${account.name} in ${secretName}`
const text = (secret: Secret, key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString()
const tokenSecret = (account: string): Secret => ({
  metadata: { namespace: 'a', name: 'kept', annotations: { 'kubernetes.io/service-account.name': account } },
  type: 'kubernetes.io/service-account-token',
})
const kept = { namespace: 'a', name: 'kept' }
const builder = { namespace: 'a', name: 'builder' }

async function startWorld(options: { readonly forEveryAccount?: boolean } = {}) {
  const world = await startControllers([serviceAccountTokenController({ issue, rootCA: 'PEM', ...options })])
  await world.client.create(namespaces, { metadata: { name: 'a' } })
  return world
}

test('A Secret that names an account gets its token, and goes with it', async () => {
  const world = await startWorld()
  const account = await world.client.create(serviceAccounts, { metadata: builder })
  await world.client.create(secrets, tokenSecret('builder'))
  await world.settle()
  const secret = await world.client.get(secrets, kept)
  expect(secret.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(account.metadata.uid)
  expect(['token', 'ca.crt', 'namespace'].map(key => text(secret, key))).toEqual([
    'token of a/builder in kept',
    'PEM',
    'a',
  ])
  await world.client.delete(serviceAccounts, builder)
  await world.settle()
  await expect(world.client.get(secrets, kept)).rejects.toThrow('not found')
  expect(world.problems).toEqual([])
})

test('A Secret of an account that never was does not stay', async () => {
  const world = await startWorld()
  await world.client.create(secrets, tokenSecret('nobody'))
  await world.settle()
  await expect(world.client.get(secrets, kept)).rejects.toThrow('not found')
})

test('Every account lists a Secret with a token only where that is asked for', async () => {
  for (const forEveryAccount of [false, true]) {
    const world = await startWorld({ forEveryAccount })
    await world.client.create(serviceAccounts, { metadata: builder })
    await world.settle()
    const account = await world.client.get(serviceAccounts, builder)
    expect(account.secrets?.length ?? 0).toBe(forEveryAccount ? 1 : 0)
    if (!forEveryAccount) continue
    const name = account.secrets![0]!.name!
    expect(name).toMatch(/^builder-token-/)
    expect(text(await world.client.get(secrets, { namespace: 'a', name }), 'token')).toBe(
      `token of a/builder in ${name}`,
    )
    expect(world.problems).toEqual([])
  }
})

test('A Secret that is deleted is listed no more, and another one takes its place', async () => {
  const world = await startWorld({ forEveryAccount: true })
  await world.client.create(serviceAccounts, { metadata: builder, secrets: [{ name: 'other' }] })
  await world.client.create(serviceAccounts, { metadata: { namespace: 'a', name: 'runner' } })
  await world.settle()
  const listed = async (name: string) => {
    const { secrets: found = [] } = await world.client.get(serviceAccounts, { namespace: 'a', name })
    return found.map(({ name: secret }) => secret!)
  }
  const [first] = await listed('runner')
  await world.client.delete(secrets, { namespace: 'a', name: first! })
  await world.settle()
  const after = await listed('runner')
  expect(after).toEqual([expect.stringMatching(/^runner-token-/)])
  expect(after).not.toContain(first)
  expect(await listed('builder')).toEqual(['other'])
  expect(world.problems).toEqual([])
})
