import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FakeExec } from '../../host/exec.fake.ts'
import { loadConfig } from '../config.ts'
import { rangesOf } from './freeranges.ts'
import { writeHostRecord } from './hostrecord.ts'
import { prepareHostSysctls, restoreHostSysctls } from './hostsysctls.ts'

/** A host with these settings that found its IPv6 router over eth0. */
function fakeHost(values: Record<string, string>) {
  const exec = new FakeExec({
    ip: args => (args.includes('-6') ? '[{"dst":"default","gateway":"fe80::1","dev":"eth0"}]' : '[]'),
    sysctl: args => {
      const keys = args.filter(arg => !arg.startsWith('-'))
      if (args[0] === '-e') return keys.map(key => `${key} = ${values[key]}\n`).join('')
      for (const setting of keys) {
        const [key, value] = setting.split('=')
        values[key!] = value!
      }
      return ''
    },
  })
  return { exec, values }
}

const before = {
  'net.ipv6.conf.eth0.accept_ra': '1',
  'net.ipv4.ip_forward': '0',
  'net.ipv6.conf.all.forwarding': '0',
  'net.ipv6.conf.default.forwarding': '1',
}

test('the host forwards and hears its router until the last cluster has gone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'futago-sysctls-'))
  const { exec, values } = fakeHost({ ...before })
  await prepareHostSysctls(exec, root)
  const prepared = {
    'net.ipv6.conf.eth0.accept_ra': '2',
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    'net.ipv6.conf.default.forwarding': '1',
  }
  expect(values).toEqual(prepared)

  await prepareHostSysctls(exec, root)
  writeHostRecord({ name: 'a', stateDirectory: '/a', hash: 'a', ranges: rangesOf(loadConfig()) }, root)
  await restoreHostSysctls(exec, root)
  expect(values).toEqual(prepared)
})

test('what was changed is put back once', async () => {
  const root = mkdtempSync(join(tmpdir(), 'futago-sysctls-'))
  const { exec, values } = fakeHost({ ...before })
  await prepareHostSysctls(exec, root)
  await restoreHostSysctls(exec, root)
  expect(values).toEqual(before)
  expect(existsSync(join(root, 'sysctls.json'))).toBe(false)
  const count = exec.commands.length
  await restoreHostSysctls(exec, root)
  expect(exec.commands.length).toBe(count)
})
