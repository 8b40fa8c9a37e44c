// The commands as a person meets them, in process; test/up.test.ts starts real ones.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { main } from '../main.ts'
import { formatTable } from './status.ts'
import { languageOf } from './verify.ts'

let output = ''
let home = ''

beforeEach(() => {
  output = ''
  home = mkdtempSync(join(tmpdir(), 'futago-cli-'))
  vi.stubEnv('FUTAGO_HOME', home)
  const keep = (chunk: unknown) => {
    output += String(chunk)
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(keep)
  vi.spyOn(process.stderr, 'write').mockImplementation(keep)
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

function keptCluster(name: string): StateDirectory {
  const directory = new StateDirectory(home, name)
  directory.create()
  directory.write('apiVersion: v1\n', 'kubeconfig')
  return directory
}

describe('futago status', () => {
  test('says how to start when there is no cluster', async () => {
    expect(await main(['status'])).toBe(0)
    expect(output).toBe('No clusters. Start one with: futago up\n')
  })

  test('lists what runs and what does not', async () => {
    keptCluster('b')
    keptCluster('a').setRunning({
      name: 'a',
      pid: process.pid,
      server: 'https://[::1]:6443',
      kubeconfig: '/k',
      store: 'memory',
      runtime: 'simulated',
      nodes: 3,
      ipFamilies: ['IPv6', 'IPv4'],
      startedAt: new Date(Date.now() - 65_000).toISOString(),
    })
    expect(await main(['status'])).toBe(0)
    expect(output.split('\n').map(line => line.split(/ {3,}/))).toEqual([
      ['NAME', 'STATUS', 'SERVER', 'NODES', 'FAMILIES', 'RUNTIME', 'STORE', 'PID', 'AGE'],
      [
        'a',
        'Running',
        'https://[::1]:6443',
        '3',
        'IPv6,IPv4',
        'simulated',
        'memory',
        String(process.pid),
        '65s',
      ],
      ['b', 'Stopped', '-', '-', '-', '-', '-', '-', '-'],
      [''],
    ])
  })

  test('fails for a named cluster that does not run', async () => {
    expect(await main(['status', '--name', 'x'])).toBe(1)
    expect(output).toContain('cluster x is not running, start it with: futago up --name x')
  })

  test('formatTable() makes columns as wide as they must be', () => {
    expect(
      formatTable([
        ['A', 'B'],
        ['long', ''],
      ]),
    ).toBe('A      B\nlong\n')
  })
})

describe('futago kubeconfig', () => {
  test('prints the text, or the path', async () => {
    const directory = keptCluster('default')
    expect(await main(['kubeconfig'])).toBe(0)
    expect(await main(['kubeconfig', '--path'])).toBe(0)
    expect(output).toBe(`apiVersion: v1\n${directory.file('kubeconfig')}\n`)
  })

  test('says how to make one when there is none', async () => {
    expect(await main(['kubeconfig', '--name', 'x'])).toBe(1)
    expect(output).toContain(
      'Cannot print the kubeconfig of cluster x: there is none, expected: futago up --name x',
    )
  })
})

describe('futago down', () => {
  test('does not mind a cluster that is not there or does not run', async () => {
    keptCluster('kept')
    expect(await main(['down', '--name', 'missing'])).toBe(0)
    expect(await main(['down', '--name', 'kept'])).toBe(0)
    expect(output).toBe('cluster missing: there is none\ncluster kept: was not running\n')
    expect(StateDirectory.list(home)).toEqual(['kept'])
  })

  test('--delete forgets the cluster', async () => {
    keptCluster('kept')
    expect(await main(['down', '--name', 'kept', '--delete'])).toBe(0)
    expect(StateDirectory.list(home)).toEqual([])
  })
})

describe('futago up', () => {
  test.each([
    [
      ['--ip-families', 'IPv7'],
      'Cannot use --ip-families IPv7: expected IPv4 or IPv6 or IPv4,IPv6 or IPv6,IPv4',
    ],
    [['--nodes', '99999'], 'Cannot use --nodes 99999: expected a whole number from 0 to 15000'],
    [['--config', '/nowhere'], 'Cannot read --config /nowhere'],
  ])('%s is refused in one line', async (flags, message) => {
    expect(await main(['up', ...flags])).toBe(2)
    expect(output).toContain(`futago: ${message}`)
    expect(output.trim().split('\n')).toHaveLength(1)
  })
})

test('futago version names itself and the API it serves', async () => {
  expect(await main(['version'])).toBe(0)
  expect(output).toMatch(/^futago \S+\nKubernetes API v1\.36\.0\S*\nNode\.js v\d+/)
})

describe('futago verify', () => {
  test.each([
    [['--only', 'NODE-99'], 'Cannot use --only NODE-99: there is no such check'],
    [['--kubeconfig', '/nowhere'], 'Cannot find a cluster: there is no kubeconfig at /nowhere'],
    [['--output', 'pdf'], 'Cannot write the output "pdf"'],
  ])('%s is refused in one line, with exit code 2', async (flags, message) => {
    expect(await main(['verify', ...flags])).toBe(2)
    expect(output).toContain(`futago: ${message}`)
    expect(output.trim().split('\n')).toHaveLength(1)
  })

  test('--list names the checks, --print-role the rights, in the language that is asked for', async () => {
    expect(await main(['verify', '--list', '--lang', 'en'])).toBe(0)
    expect(output).toContain('NODE-01  quick     blocker      Every node has a Pod range per family\n')
    output = ''
    expect(await main(['verify', '--print-role', '--namespace', 'mine'])).toBe(0)
    expect(output).toContain('kind: ClusterRole\n')
    expect(output).toContain('kind: Role\n')
    expect(output).toContain('namespace: mine\n')
  })

  test('The language is that of the locale', () => {
    expect(languageOf({ LANG: 'ja_JP.UTF-8' })).toBe('ja')
    expect(languageOf({ LANG: 'ja_JP.UTF-8', LC_ALL: 'C' })).toBe('en')
    expect(languageOf({})).toBe('en')
  })
})

test('futago up in the background refuses to write an audit log that nobody would read', async () => {
  const audit = ['--audit-policy-file', join(home, 'policy.yaml'), '--audit-log-path', '-']
  expect(await main(['up', '--detach', ...audit])).toBe(2)
  expect(output).toBe(
    'futago: Cannot use --audit-log-path - with --detach: nobody reads it, expected a file\n',
  )
})

describe('futago snapshot', () => {
  test('finds the store in the file that up has, and shows no password', async () => {
    const file = join(home, 'settings.yaml')
    writeFileSync(file, 'store: "etcd:http://futago:secret@[::1"\netcdPrefix: /twins\n')
    expect(await main(['snapshot', 'save', join(home, 'x'), '--config', file])).toBe(2)
    expect(output).toBe(
      `futago: Cannot save cluster default to ${home}/x: Cannot use the etcd endpoint ` +
        '"http://***@[::1": expected a URL such as http://[::1]:2379\n',
    )
  })
})
