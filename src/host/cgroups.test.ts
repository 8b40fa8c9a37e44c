import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { cgroupHierarchies, removeCgroup, removeEmptyCgroup } from './cgroups.ts'

function newRoot(...directories: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'futago-cgroups-'))
  for (const directory of directories) mkdirSync(join(root, directory), { recursive: true })
  return root
}

test('version 1 has a hierarchy for each controller, version 2 one', () => {
  const root = newRoot('cpu', 'memory')
  expect(cgroupHierarchies(root)).toEqual([join(root, 'cpu'), join(root, 'memory')])
  writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory\n')
  expect(cgroupHierarchies(root)).toEqual([root])
  expect(cgroupHierarchies(join(root, 'none'))).toEqual([])
})

test('a group is removed with all below it, in every hierarchy, and its neighbours stay', async () => {
  const root = newRoot('cpu/futago/a/pod/x', 'cpu/futago/b', 'memory/futago/a/pod', 'memory/other')
  await removeCgroup('/futago/a', systemClock, root)
  await removeCgroup('/futago/none', systemClock, root)
  expect(readdirSync(join(root, 'cpu/futago'))).toEqual(['b'])
  removeEmptyCgroup('/futago', root)
  expect(existsSync(join(root, 'cpu/futago/b'))).toBe(true)
  expect(readdirSync(join(root, 'memory'))).toEqual(['other'])
})
