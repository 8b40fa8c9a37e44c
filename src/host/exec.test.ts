import { describe, expect, test } from 'vitest'
import { FakeExec } from './exec.fake.ts'
import { ExecError, hostExec, inNetworkNamespace } from './exec.ts'

const sh = (script: string, options = {}) => hostExec.run('sh', ['-c', script], options)

describe('a program', () => {
  test('resolves with what it said', async () => {
    expect(await sh('echo out; echo err >&2')).toEqual({ stdout: 'out\n', stderr: 'err\n' })
  })

  test('reads its input to the end', async () => {
    expect((await hostExec.run('cat', [], { input: 'a\nb\n' })).stdout).toBe('a\nb\n')
    expect((await hostExec.run('cat', [])).stdout).toBe('')
  })

  test.skipIf(process.platform !== 'linux')(
    'leads a group of its own, which a terminal leaves alone',
    async () => {
      const { stdout } = await sh('echo $$; cut -d" " -f5 /proc/$$/stat')
      const [pid, group] = stdout.trim().split('\n')
      expect(group).toBe(pid)
    },
  )

  test('that fails throws with its exit code and its last words', async () => {
    const error = await sh('echo no such thing >&2; exit 3').catch(error => error)
    expect(error).toBeInstanceOf(ExecError)
    expect(error).toMatchObject({ exitCode: 3, stderr: 'no such thing\n', command: 'sh' })
    expect(error.message).toBe('Cannot run sh -c echo no such thing >&2; exit 3: exit code 3: no such thing')
  })

  test('that does not exist says so', async () => {
    const error = await hostExec.run('futago-no-such-program', ['x']).catch(error => error)
    expect(error.message).toBe('Cannot run futago-no-such-program x: there is no such program')
    expect(error).toMatchObject({ code: 'ENOENT', exitCode: undefined })
  })

  test('ends when it is aborted, with the reason', async () => {
    const stopping = new AbortController()
    const running = hostExec.run('sleep', ['60'], { signal: stopping.signal })
    stopping.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })

  test('is killed when its time is over', async () => {
    await expect(hostExec.run('sleep', ['60'], { timeoutMs: 10 })).rejects.toThrow('ended by SIGKILL')
  })
})

test('in a network namespace it is run through nsenter', async () => {
  const exec = new FakeExec({ nsenter: () => '1: lo\n' })
  const bound = inNetworkNamespace(exec, '/run/netns/a')
  expect((await bound.run('ip', ['link'])).stdout).toBe('1: lo\n')
  expect(exec.commands).toEqual(['nsenter --net=/run/netns/a -- ip link'])
})

test('a fake program fails as a real one does', async () => {
  const exec = new FakeExec({ ip: () => ({ exitCode: 2, stderr: 'RTNETLINK answers: File exists' }) })
  await expect(exec.run('ip', ['link', 'add'])).rejects.toThrow(
    'Cannot run ip link add: exit code 2: RTNETLINK answers: File exists',
  )
})
