import { expect, test } from 'vitest'
import { absolutePath, ContainerFiles, FileTree } from './filesystem.ts'

const tree = (files: Record<string, string>) =>
  FileTree.of(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])))

function start() {
  const files = new ContainerFiles(tree({ 'etc/hosts': 'hosts', 'bin/sh': '' }))
  const shared = new FileTree()
  files.setMounts([
    { path: '/data', tree: shared, subPath: '', isReadOnly: false },
    { path: '/config', tree: tree({ a: '1', 'sub/b': '2' }), subPath: '', isReadOnly: true },
    { path: '/etc/one.conf', tree: tree({ a: '1', x: '2' }), subPath: 'x', isReadOnly: true },
  ])
  return { files, shared }
}

test.each([
  ['a', '/', '/a'],
  ['a', '/b', '/b/a'],
  ['../c/./d//', '/a/b', '/a/c/d'],
  ['/../x', '/a', '/x'],
])('%s from %s is %s', (path, from, expected) => {
  expect(absolutePath(path, from)).toBe(expected)
})

test('Files are found in the root and below mounts', () => {
  const { files } = start()
  expect(files.read('/etc/hosts').toString()).toBe('hosts')
  expect(files.read('/config/sub/b').toString()).toBe('2')
  expect(files.read('/etc/one.conf').toString()).toBe('2')
  expect(
    ['/', '/config', '/config/sub', '/data', '/etc/hosts', '/none'].map(path => files.kind(path)),
  ).toEqual(['folder', 'folder', 'folder', 'folder', 'file', undefined])
  expect(files.list('/')).toEqual(['bin', 'config', 'data', 'etc'])
  expect(files.list('/etc')).toEqual(['hosts', 'one.conf'])
  expect(files.list('/config')).toEqual(['a', 'sub'])
})

test('What is written into a volume is in the volume', () => {
  const { files, shared } = start()
  files.makeFolder('/data/x')
  files.write('/data/x/y', Buffer.from('1'))
  files.append('/data/x/y', Buffer.from('2'))
  expect(shared.files.get('x/y')?.toString()).toBe('12')
  files.remove('/data/x/y')
  expect(files.list('/data/x')).toEqual([])
  files.remove('/data/x')
  expect(files.list('/data')).toEqual([])
})

test('Errors are those of the C library', () => {
  const { files } = start()
  expect(() => files.read('/none')).toThrow('No such file or directory')
  expect(() => files.read('/etc')).toThrow('Is a directory')
  expect(() => files.write('/config/a', Buffer.alloc(0))).toThrow('Read-only file system')
  expect(() => files.write('/none/a', Buffer.alloc(0))).toThrow('No such file or directory')
  expect(() => files.makeFolder('/etc')).toThrow('File exists')
  expect(() => files.makeFolder('/etc/hosts/x')).toThrow('Not a directory')
  expect(() => files.remove('/etc')).toThrow('Directory not empty')
  expect(() => files.list('/etc/hosts')).toThrow('Not a directory')
})
