import { afterEach, expect, test } from 'vitest'
import type { Container } from '../api/generated/types.ts'
import { namespace, settle, startTestCluster } from './cluster.fake.ts'

let cluster: Awaited<ReturnType<typeof startTestCluster>>
afterEach(() => cluster.stop())

/** Resolves when it runs. */
async function runContainer(container: Container) {
  const { metadata } = await cluster.run('p', { containers: [container] })
  while ((await cluster.pod('p')).status?.phase !== 'Running') await settle(1)
  return { namespace, pod: 'p', uid: metadata.uid ?? '', container: container.name }
}

test('Who attaches again sees what is written from then on, in a window of its own size', async () => {
  cluster = await startTestCluster()
  const container = await runContainer({ name: 'c', image: 'busybox', stdin: true, tty: true })
  const connection = await cluster.connect()
  const attach = async () => {
    const options = { stdin: true, stdout: true, stderr: false, tty: true }
    const session = await connection.attach(container, options)
    const seen = { screen: '' }
    session.stdout?.on('data', chunk => {
      seen.screen += chunk
    })
    const shows = async (text: string) => {
      while (!seen.screen.endsWith(text)) await settle(1)
    }
    return { session, seen, shows }
  }
  const first = await attach()
  await first.shows('/ # ')
  first.session.stdin?.write('X=kept\r')
  await first.shows('X=kept\r\n/ # ')
  first.session.close()
  const second = await attach()
  second.session.resize({ columns: 132, rows: 50 })
  second.session.stdin?.write('echo $X; stty size\r')
  await second.shows('50 132\r\n/ # ')
  expect(second.seen.screen).toBe('echo $X; stty size\r\nkept\r\n50 132\r\n/ # ')
})

test('The first size of a window is known to what runs in it, however soon it comes', async () => {
  cluster = await startTestCluster()
  const container = await runContainer({ name: 'c', image: 'nginx' })
  const connection = await cluster.connect()
  const options = { command: ['stty', 'size'], stdin: true, stdout: true, stderr: false, tty: true }
  const session = await connection.exec(container, options)
  session.resize({ columns: 132, rows: 50 })
  let screen = ''
  session.stdout?.on('data', chunk => {
    screen += chunk
  })
  expect(await session.outcome).toEqual({ type: 'exited', exitCode: 0 })
  expect(screen).toBe('50 132\r\n')
})
