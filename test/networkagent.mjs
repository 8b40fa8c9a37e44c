// One end of the tests' traffic, run inside a network namespace: reads one JSON request per line, answers each
// with one line. It serves TCP and UDP on a port (answers with its name and the client's address), and asks
// others. Plain JavaScript, so that it starts at once.
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const plain = address => address.replace(/^::ffff:/, '')
const replyFor = (name, address) => `${name} ${plain(address)}`

async function serve({ name, port }) {
  const tcp = createServer(socket => {
    socket.on('error', () => undefined)
    socket.end(replyFor(name, socket.remoteAddress))
  })
  await new Promise(resolve => tcp.listen({ port, host: '::' }, resolve))
  const udp = createSocket('udp6')
  udp.on('message', (_, from) => udp.send(replyFor(name, from.address), from.port, from.address))
  await new Promise(resolve => udp.bind({ port, address: '::' }, resolve))
  return 'serving'
}

const askTCP = ({ host, port, localAddress, timeoutMs = 20_000 }) =>
  new Promise(resolve => {
    const socket = connect({ host, port, localAddress })
    const chunks = []
    const timer = setTimeout(() => {
      socket.destroy()
      resolve('timeout')
    }, timeoutMs)
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', error => resolve(error.code))
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString())
    })
  })

const askUDP = ({ host, port, localPort = 0, timeoutMs = 20_000 }) =>
  new Promise(resolve => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const finish = answer => {
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const timer = setTimeout(() => finish('timeout'), timeoutMs)
    socket.on('message', message => finish(message.toString()))
    socket.on('error', error => finish(error.code))
    socket.bind(localPort, () =>
      socket.connect(port, host, error => (error ? finish(error.code) : socket.send('hello'))),
    )
  })

const requests = { serve, tcp: askTCP, udp: askUDP }

createInterface({ input: process.stdin }).on('line', async line => {
  const { id, kind, ...request } = JSON.parse(line)
  const answer = await requests[kind](request).catch(error => String(error.code ?? error))
  process.stdout.write(`${JSON.stringify({ id, answer })}\n`)
})
process.stdin.on('end', () => process.exit(0))
