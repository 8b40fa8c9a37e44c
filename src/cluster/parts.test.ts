import { expect, test } from 'vitest'
import type { KubeletConnection } from '../api/kubeletapi.ts'
import { Kubelets, part, RunningParts } from './parts.ts'

test('Parts are stopped in reverse, each once', async () => {
  const stopped: string[] = []
  const parts = new RunningParts()
  for (const name of ['store', 'server']) await parts.add(part(name, async () => void stopped.push(name)))
  await parts.stop()
  await parts.stop()
  expect(stopped).toEqual(['server', 'store'])
})

test('Kubelets are found once the nodes are there', async () => {
  const kubelets = new Kubelets()
  await expect(kubelets.connect('node1')).rejects.toMatchObject({
    code: 503,
    message: 'node node1 is still starting',
  })
  const connection = {} as KubeletConnection
  kubelets.set(async () => connection)
  expect(await kubelets.connect('node1')).toBe(connection)
})
