import { expect, test } from 'vitest'
import { chooseRuntime } from './runtime.ts'

const fine = async () => undefined
const obstacle = async () => 'this host lacks runc, expected on Debian: apt-get install runc'

test('auto takes containers where they can run, and says which and why', async () => {
  expect(await chooseRuntime('auto', fine)).toEqual({
    runtime: 'containerd',
    notice: 'runtime containerd: this host has all that it needs',
  })
  expect(await chooseRuntime('auto', obstacle)).toEqual({
    runtime: 'simulated',
    notice:
      'runtime simulated, containers cannot run: this host lacks runc, expected on Debian: apt-get install runc',
  })
})

test('what is asked for is taken or refused', async () => {
  const never = () => Promise.reject(new Error('was asked'))
  expect(await chooseRuntime('simulated', never)).toEqual({ runtime: 'simulated' })
  expect(await chooseRuntime('containerd', fine)).toEqual({ runtime: 'containerd' })
  await expect(chooseRuntime('containerd', obstacle)).rejects.toThrow(
    'Cannot use --runtime containerd: this host lacks runc, expected on Debian: apt-get install runc',
  )
})
