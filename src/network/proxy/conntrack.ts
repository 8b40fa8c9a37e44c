// UDP has no connections, so the kernel's memory of a flow outlives the endpoint that it leads to: a client
// that keeps its port would go on sending to an address where nobody is (kubernetes/kubernetes#126130).
// After a change, flows to the Services concerned that lead elsewhere than to their endpoints are
// forgotten. One listing per family tells which, however many endpoints went.
import { type Exec, ExecError } from '../../host/exec.ts'
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import { familySyntax } from '../nftables/syntax.ts'
import type { UDPFrontend } from './serviceplan.ts'

/** Where the client sends to, and who answers. */
export interface Flow {
  readonly address: string
  readonly port: number
  readonly answerAddress: string
  readonly answerPort: number
}

/** Reads the lines of `conntrack -L -p udp`. */
export function parseFlows(listing: string): Flow[] {
  return listing.split('\n').flatMap(line => {
    const [asked, answered] = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)]
    if (!asked || !answered) return []
    const flow = { address: asked[2]!, port: Number(asked[4]) }
    return [{ ...flow, answerAddress: answered[1]!, answerPort: Number(answered[3]) }]
  })
}

const frontendId = (address: string | undefined, port: number) => `${address ?? ''} ${port}`
const flowId = ({ address, port, answerAddress, answerPort }: Flow) =>
  `${address} ${port} ${answerAddress} ${answerPort}`

/** Those to the frontends that lead to no endpoint of theirs, each once. */
export function planFlush(flows: readonly Flow[], frontends: readonly UDPFrontend[]): Flow[] {
  const endpoints = new Map(
    frontends.map(({ address, port, endpoints }) => [frontendId(address, port), endpoints]),
  )
  const stale = flows.filter(flow => {
    const allowed =
      endpoints.get(frontendId(flow.address, flow.port)) ?? endpoints.get(frontendId(undefined, flow.port))
    return allowed && !allowed.has(`${flow.answerAddress} ${flow.answerPort}`)
  })
  return [...new Map(stale.map(flow => [flowId(flow), flow])).values()]
}

/**
 * The frontends whose flows may have become stale: an endpoint or the whole frontend has gone (it then stands
 * without endpoints), or the first endpoint came.
 */
export function changedFrontends(
  previous: readonly UDPFrontend[],
  next: readonly UDPFrontend[],
): UDPFrontend[] {
  const id = ({ family, address, port }: UDPFrontend) => `${family} ${frontendId(address, port)}`
  const before = new Map(previous.map(frontend => [id(frontend), frontend]))
  const after = new Set(next.map(id))
  const gone = previous
    .filter(frontend => !after.has(id(frontend)))
    .map(frontend => ({ ...frontend, endpoints: new Set<string>() }))
  const changed = next.filter(frontend => {
    const known = before.get(id(frontend))?.endpoints ?? new Set()
    const lost = [...known].some(endpoint => !frontend.endpoints.has(endpoint))
    return lost || (known.size === 0 && frontend.endpoints.size > 0)
  })
  return [...gone, ...changed]
}

/** conntrack says "0 flow entries have been deleted" with exit code 1. */
const nothingDeleted = (error: unknown) => error instanceof ExecError && error.exitCode === 1

async function flushFamily(exec: Exec, family: IPFamily, frontends: readonly UDPFrontend[]): Promise<number> {
  const args = ['-p', 'udp', '-f', familySyntax[family].protocol]
  const flows = parseFlows((await exec.run('conntrack', ['-L', ...args])).stdout)
  const stale = planFlush(flows, frontends)
  for (const { address, port, answerAddress, answerPort } of stale) {
    const original = ['--orig-dst', address, '--orig-port-dst', String(port)]
    const reply = ['--reply-src', answerAddress, '--reply-port-src', String(answerPort)]
    try {
      await exec.run('conntrack', ['-D', ...args, ...original, ...reply])
    } catch (error) {
      if (!nothingDeleted(error)) throw error
    }
  }
  return stale.length
}

/** Forgets the stale flows of these frontends; resolves with how many groups of flows there were. */
export async function flushFlows(
  exec: Exec,
  families: IPFamilies,
  frontends: readonly UDPFrontend[],
): Promise<number> {
  let flushed = 0
  for (const family of families) {
    const own = frontends.filter(frontend => frontend.family === family)
    if (own.length > 0) flushed += await flushFamily(exec, family, own)
  }
  return flushed
}
