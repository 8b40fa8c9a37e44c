import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { CredentialSource } from './credentials.ts'

const base = { server: 'https://x:1', namespace: 'default' }

test('A token is a Bearer, a password Basic, and without either there is no header', async () => {
  const clock = new FakeClock()
  const header = async (more: object) =>
    (await new CredentialSource({ ...base, ...more }, clock).get()).authorization
  expect(await header({ token: 'abc' })).toBe('Bearer abc')
  expect(await header({ username: 'u', password: 'p' })).toBe('Basic dTpw')
  expect(await header({})).toBeUndefined()
})

test('A token file is read again after a minute', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'token-'))
  const tokenFile = join(directory, 'token')
  await writeFile(tokenFile, 'first\n')
  const clock = new FakeClock()
  const source = new CredentialSource({ ...base, tokenFile }, clock)
  expect((await source.get()).authorization).toBe('Bearer first')
  await writeFile(tokenFile, 'second\n')
  expect((await source.get()).authorization).toBe('Bearer first')
  await clock.advance(60_000)
  expect((await source.get()).authorization).toBe('Bearer second')
  await rm(directory, { recursive: true })
})

test('An exec plugin is asked until its answer expires, or is refused', async () => {
  const clock = new FakeClock()
  const script = `const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
    const status = { token: info.kind + process.env.EXTRA, expirationTimestamp: '2026-01-01T00:01:00Z' }
    console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status }))`
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: execPath,
    args: ['-e', script],
    env: [{ name: 'EXTRA', value: '!' }],
  }
  const source = new CredentialSource({ ...base, exec }, clock)
  const first = await source.get()
  expect(first.authorization).toBe('Bearer ExecCredential!')
  expect(await source.get()).toBe(first)
  await clock.advance(60_000)
  expect(await source.get()).not.toBe(first)
})
