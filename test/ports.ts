// Ports of this machine for one test alone, until its process ends: for servers that have to say beforehand where
// they will be, that are killed and started again in the same place, or that are meant to be absent. A port that
// the kernel chooses (port 0) may be given to somebody else as soon as it is free for a moment; these are below
// those that it chooses from.
import { createServer, type Server } from 'node:net'
import { loopbackAddress } from '../src/ip/family.ts'

interface Range {
  readonly first: number
  readonly count: number
}

const usual: Range = { first: 20_000, count: 10_000 }
/** Of what API servers give to Services, the end: they begin at the other. */
export const nodePorts: Range = { first: 31_500, count: 1_268 }

/** Held until the process ends, and named so that they are not collected. */
const reservations: Server[] = []

function listens(address: { readonly path: string } | { readonly host: string; readonly port: number }) {
  const server = createServer().unref()
  return new Promise<Server | undefined>(resolve => {
    server.once('error', () => resolve(undefined))
    server.listen({ ...address, exclusive: true }, () => resolve(server))
  })
}

async function isFree(port: number): Promise<boolean> {
  for (const host of Object.values(loopbackAddress)) {
    const server = await listens({ host, port })
    if (!server) return false
    await new Promise(resolve => server.close(resolve))
  }
  return true
}

/** A name that only one socket of this machine can have; the kernel forgets it with the process. */
const reserve = (port: number) => listens({ path: `\0futago-test-port-${port}` })

/** They are free on both loopbacks now, and no other test takes them, of this run or of another. */
export async function reservePorts(wanted: number, { first, count } = usual): Promise<number[]> {
  const ports: number[] = []
  for (let port = first + Math.floor(Math.random() * count); ports.length < wanted; port++) {
    if (port === first + count) port = first
    const reservation = await reserve(port)
    if (!reservation) continue
    if (await isFree(port)) {
      reservations.push(reservation)
      ports.push(port)
    } else reservation.close()
  }
  return ports
}

export async function reservePort(range = usual): Promise<number> {
  const [port] = await reservePorts(1, range)
  return port!
}
