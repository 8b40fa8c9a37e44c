import { expect, test } from 'vitest'
import { parseImage, pullPolicyFor } from './image.ts'

const digest = `sha256:${'a'.repeat(64)}`

test('an image has a name, and a tag or a digest', () => {
  expect(parseImage('nginx')).toEqual({ name: 'nginx', tag: 'latest', digest: '' })
  expect(parseImage('nginx:1')).toEqual({ name: 'nginx', tag: '1', digest: '' })
  expect(parseImage('localhost:5000/a/b')).toEqual({ name: 'localhost:5000/a/b', tag: 'latest', digest: '' })
  expect(parseImage('[fd00::1]:5000/a:x')).toEqual({ name: '[fd00::1]:5000/a', tag: 'x', digest: '' })
  expect(parseImage(`r.io/a@${digest}`)).toEqual({ name: 'r.io/a', tag: '', digest })
  expect(parseImage(`r.io/a:v@${digest}`)).toEqual({ name: 'r.io/a', tag: 'v', digest })
})

test('other texts are no images', () => {
  for (const text of ['', 'UPPER', 'foo/Bar', 'a//b', 'a:', 'a b', 'a@sha256:1', '-a']) {
    expect({ text, image: parseImage(text) }).toEqual({ text, image: undefined })
  }
})

test('what is called latest is always pulled', () => {
  const images = ['nginx', 'nginx:latest', 'nginx:1', `nginx@${digest}`, 'UPPER']
  expect(images.map(pullPolicyFor)).toEqual([
    'Always',
    'Always',
    'IfNotPresent',
    'IfNotPresent',
    'IfNotPresent',
  ])
})
