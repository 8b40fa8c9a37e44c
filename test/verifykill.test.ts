// Killing `futago verify` at any moment (kill -9) leaves nothing behind once it has run again. Eight times;
// KILLS=50 for the long form.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { futago, TestedCluster } from './futago.ts'
import { root } from './kubectl.ts'

const kills = Number(process.env['KILLS'] ?? 8)
/** A run that is left alone takes about so long. */
const runMs = 2500

let cluster: TestedCluster
beforeAll(async () => {
  cluster = await TestedCluster.up(['--store', 'memory', '--nodes', '2'])
})
afterAll(() => cluster.remove())

const flags = () => ['verify', '--kubeconfig', cluster.kubeconfig, '--profile', 'standard']

/** Resolves when it is dead. */
async function killAfter(delayMs: number): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...flags()], { stdio: 'ignore' })
  const ended = new Promise(resolve => child.once('close', resolve))
  await new Promise(resolve => setTimeout(resolve, delayMs))
  child.kill('SIGKILL')
  await ended
}

test(`Killed ${kills} times, it leaves nothing after the next start`, { timeout: 600_000 }, async () => {
  for (let count = 0; count < kills; count++) await killAfter(200 + Math.random() * runMs)
  const { exitCode, stderr } = await futago(flags(), cluster.home)
  expect([exitCode, stderr.includes('still to be removed')]).toEqual([0, false])
  const left = await cluster.print('kubectl get namespaces,pods,services -A -o name')
  expect(left).not.toContain('futago-verify')
  expect(left.match(/namespace\//g)).toHaveLength(4)
})
