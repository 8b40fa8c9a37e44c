import { expect, test } from 'vitest'
import { imageCommand, imageName } from './image.ts'

test.each([
  ['nginx', 'docker.io/library/nginx:latest', 'docker.io'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27', 'docker.io'],
  ['grafana/grafana', 'docker.io/grafana/grafana:latest', 'docker.io'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10', 'registry.k8s.io'],
  ['localhost:5000/a/b:c', 'localhost:5000/a/b:c', 'localhost:5000'],
  ['[fd00::1]:5000/a', '[fd00::1]:5000/a:latest', '[fd00::1]:5000'],
])('%s is %s', (text, image, registry) => {
  expect(imageName(text)).toMatchObject({ image, registry })
  expect(imageName(text)?.imageID).toMatch(/^[^@]+@sha256:[0-9a-f]{64}$/)
})

test('A digest stays, and takes the place of the tag', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  expect(imageName(`nginx:1@${digest}`)).toEqual({
    image: `docker.io/library/nginx@${digest}`,
    imageID: `docker.io/library/nginx@${digest}`,
    registry: 'docker.io',
  })
})

test('What is no image name is refused', () => {
  expect(imageName('UPPER')).toBeUndefined()
  expect(imageName('a b')).toBeUndefined()
  expect(imageName('')).toBeUndefined()
})

test('Shells end when nobody talks to them, servers run', () => {
  expect(imageCommand('busybox:1.36')).toEqual(['sh'])
  expect(imageCommand('docker.io/library/ubuntu')).toEqual(['/bin/bash'])
  expect(imageCommand('nginx')).toBeUndefined()
})
