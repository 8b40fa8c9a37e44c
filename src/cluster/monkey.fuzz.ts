// Minutes of valid, odd and hostile requests against a whole cluster, with controllers, scheduler and nodes
// at work on whatever came through: no request ends in a fault of the server, nothing throws behind its
// back, memory stays bounded, and it does its work afterwards. FUZZ_RUNS=20000 FUZZ_SEED=7 npx vitest run
// --project unit monkey.fuzz looks longer.
import { Agent, request } from 'node:https'
import { expect, test } from 'vitest'
import { deployments } from '../api/resources/apps/deployment.ts'
import { namespaces } from '../api/resources/core/namespace.ts'
import { clientConfig, parseKubeconfig } from '../client/kubeconfig.ts'
import type { Logger } from '../component/log.ts'
import { diceOf, Monkey, type MonkeyRequest } from './monkey.fake.ts'
import { TestCluster } from './testcluster.ts'

/** Always the same ones where nobody looks for new faults. */
const { FUZZ_SEED = '1', FUZZ_RUNS = '300' } = process.env
const seed = Number(FUZZ_SEED)

interface Answer {
  readonly status: number
  readonly text: string
}

type Send = (asked: MonkeyRequest) => Promise<Answer>

async function senderFor(cluster: TestCluster): Promise<Send> {
  const { server, ca, certificate: cert, key } = await clientConfig(await parseKubeconfig(cluster.kubeconfig))
  const agent = new Agent({ keepAlive: true, ca, cert, key })
  return ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const options = { agent, method, headers, timeout: 30_000 }
      const sent = request(server + path, options, answer => {
        const chunks: Buffer[] = []
        answer.on('data', chunk => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        )
      })
      sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')))
      sent.on('error', reject)
      sent.end(body)
    })
}

/** What the cluster's parts could not explain. */
function faultsIn(lines: string[]): Logger {
  const keep = (message: string, fields?: object) =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: keep,
    child: () => log,
  } as unknown as Logger
  return log
}

/** What Kubernetes answers with 500 too: a ServiceCIDR that goes takes its addresses with it. */
const isFull = /^Internal error occurred: failed to allocate a (serviceIP|nodePort): range is full/

function isDesigned({ status, text }: Answer): boolean {
  if (status < 500 || status === 503 || status === 504) return true
  return status === 500 && text.startsWith('{') && isFull.test(JSON.parse(text).message)
}

test(`A monkey finds no fault (FUZZ_SEED=${seed})`, { timeout: 3_600_000 }, async () => {
  const faults: string[] = []
  await using cluster = await TestCluster.start({ nodes: 2, log: faultsIn(faults) })
  const send = await senderFor(cluster)
  const dice = diceOf(seed)
  const monkey = new Monkey(dice)
  const before = process.memoryUsage().rss
  for (let run = 0; run < Number(FUZZ_RUNS); run++) {
    const asked = monkey.request()
    const { status, text } = await send(asked).catch(error => ({ status: 599, text: String(error) }))
    const line = `${asked.method} ${asked.path} ${asked.body?.slice(0, 3000)}`
    expect(
      isDesigned({ status, text }),
      `seed ${seed}, request ${run}: ${line} -> ${status} ${text.slice(0, 500)}`,
    ).toBe(true)
    if (run % 50 === 49) await cluster.clock.advance(Math.floor(dice() * 120_000))
  }
  expect(faults).toEqual([])
  expect((process.memoryUsage().rss - before) / 1024 / 1024).toBeLessThan(1024)
  const metadata = { name: 'afterwards' }
  await cluster.client.create(namespaces, { metadata })
  const labels = { app: 'after' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'after' }] } }
  const spec = { replicas: 1, selector: { matchLabels: labels }, template }
  await cluster.client.create(deployments, { metadata: { name: 'after', namespace: 'afterwards' }, spec })
  const target = { namespace: 'afterwards', name: 'after' }
  await cluster.waitFor(deployments, target, { until: ({ status }) => status?.updatedReplicas === 1 })
})
