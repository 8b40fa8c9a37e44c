import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { FakeClock, JumpingClock, systemClock } from './clock.ts'

test('FakeClock fires timers in order of time, and only those that are due', async () => {
  const clock = new FakeClock(1000)
  const fired: string[] = []
  clock.after(200, () => fired.push(`b at ${clock.now()}`))
  clock.after(100, () => fired.push(`a at ${clock.now()}`))
  clock.after(301, () => fired.push('too late'))
  await clock.advance(300)
  expect(fired).toEqual(['a at 1100', 'b at 1200'])
  expect(clock.now()).toBe(1300)
  expect(clock.monotonic()).toBe(300)
})

test('FakeClock fires a timer that another timer started within the same step', async () => {
  const clock = new FakeClock(0)
  const fired: number[] = []
  clock.after(10, () => clock.after(10, () => fired.push(clock.now())))
  await clock.advance(50)
  expect(fired).toEqual([20])
})

test('A cancelled timer never fires', async () => {
  const clock = new FakeClock()
  let fired = false
  clock
    .after(10, () => {
      fired = true
    })
    .cancel()
  await clock.advance(20)
  expect(fired).toBe(false)
})

test('sleep() resolves when its time has come and rejects with the reason when aborted', async () => {
  const clock = new FakeClock()
  const slept = clock.sleep(10)
  await clock.advance(10)
  await expect(slept).resolves.toBeUndefined()
  const controller = new AbortController()
  const aborted = clock.sleep(10, controller.signal)
  controller.abort(new Error('stopping'))
  await expect(aborted).rejects.toThrow('stopping')
  await expect(systemClock.sleep(1e6, controller.signal)).rejects.toThrow('stopping')
})

test('a process stays until its work is done, and no longer', async () => {
  const clock = new URL('clock.ts', import.meta.url).pathname
  const script = `
    import { keepAlive, systemClock } from '${clock}'
    await keepAlive(() => systemClock.sleep(1))
    process.stdout.write('done')
    systemClock.after(60_000, () => undefined)`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  expect(execFileSync(process.execPath, args).toString()).toBe('done')
})

test('A JumpingClock runs as time does, and what is due by a jump happens in order', async () => {
  const clock = new JumpingClock()
  const began = clock.monotonic()
  const done: string[] = []
  clock.after(3_600_000, () => done.push('hour'))
  clock.after(60_000, () => {
    done.push('minute')
    clock.after(60_000, () => done.push('two minutes'))
  })
  clock.after(60_000, () => done.push('cancelled')).cancel()
  await clock.advance(600_000)
  expect(done).toEqual(['minute', 'two minutes'])
  const aheadMs = clock.monotonic() - began
  expect(Number.isInteger(clock.now())).toBe(true)
  expect(aheadMs).toBeGreaterThanOrEqual(600_000)
  await clock.sleep(0)
})

test('What is further away than timers reach does not come at once', async () => {
  let called = 0
  const timers = [2 ** 31, 1e15, Number.POSITIVE_INFINITY].map(delayMs =>
    systemClock.after(delayMs, () => called++),
  )
  await systemClock.sleep(5)
  for (const timer of timers) timer.cancel()
  expect(called).toBe(0)
})
