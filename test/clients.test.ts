// The client libraries that programs use, unmodified: @kubernetes/client-node 1.4 on Node.js 20 and 2.0 on 24,
// and python3-kubernetes from Debian. Each works in a namespace of its own, by way of either loopback address.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestedCluster } from './futago.ts'
import { root } from './kubectl.ts'
import { findNode24, missingNode24 } from './node24.ts'
import { run } from './project.ts'
import { missingPythonClient, python3 } from './python.ts'

let cluster: TestedCluster
beforeAll(async () => {
  cluster = await TestedCluster.up(['--store', 'memory', '--nodes', '2'])
})
afterAll(() => cluster.remove())

const script = (name: string) => fileURLToPath(new URL(`clients/${name}`, import.meta.url))
const inJavaScript =
  'lists watches informs pages patches objects executes resizes copies logs attaches usage refusedPort'
const inPython =
  'lists watches pages errors dynamically yaml executes resizes copies elects logs refused_port'

const loopbacks = ['[::1]', '127.0.0.1']
const node24 = missingNode24()
const python = missingPythonClient()
const clients = [
  {
    name: 'client-node 1.4 on Node.js 20',
    skip: false,
    parts: inJavaScript,
    command: () => [process.execPath, script('javascript.mjs'), 'client-node-1'],
  },
  {
    name: 'client-node 2.0 on Node.js 24',
    skip: node24,
    parts: inJavaScript,
    command: () => [findNode24(), script('javascript.mjs'), '@kubernetes/client-node'],
  },
  {
    name: 'python3-kubernetes',
    skip: python,
    parts: inPython,
    command: () => [python3, script('python.py')],
  },
]
const cases = clients.flatMap(client => loopbacks.map(host => ({ ...client, host })))

/** The cluster's kubeconfig, by way of this address. */
function kubeconfigFor(host: string): string {
  const path = join(cluster.home, `kubeconfig-${host.replace(/\W/g, '-')}`)
  const text = readFileSync(cluster.kubeconfig, 'utf8')
  writeFileSync(path, text.replace(/server: https:\/\/.*:(\d+)/, `server: https://${host}:$1`))
  return path
}

test.concurrent.each(cases.filter(({ skip }) => !skip))(
  '$name lists, watches, executes, forwards ports and so on at $host',
  async ({ parts, host, command }) => {
    const [program = '', ...args] = command()
    const all = [...args, kubeconfigFor(host), ...parts.split(' ')]
    const { exitCode, stdout, stderr } = await run(program, all, { folder: root })
    expect({ exitCode, stdout: stdout.trim().split('\n').join(' '), stderr }).toEqual({
      exitCode: 0,
      stdout: parts,
      stderr: '',
    })
  },
)

for (const { name, skip } of clients) if (skip) test.skip(`${name}: ${skip}`)
