import { expect, test } from 'vitest'
import { loadConfigFile, parseConfigFile } from './configfile.ts'

test('parseConfigFile() reads settings, lists as lists or comma-separated', () => {
  const text = 'nodes: 3\nipFamilies: IPv6,IPv4\nclusterCIDR:\n- fd00:1::/56\n- 10.1.0.0/16\n'
  expect(parseConfigFile(text, 'a.yaml')).toEqual({
    nodes: 3,
    ipFamilies: ['IPv6', 'IPv4'],
    clusterCIDR: ['fd00:1::/56', '10.1.0.0/16'],
  })
  expect(parseConfigFile('', 'a.yaml')).toEqual({})
})

test.each([
  ['node: 3', 'Cannot read a.yaml: unknown setting node, expected one of name, nodes, '],
  ['nodes: three', 'Cannot read a.yaml: nodes is "three", expected a number'],
  ['- 1', 'Cannot read a.yaml: not a map of settings, expected lines such as "nodes: 3"'],
  ['a: [', 'Cannot read a.yaml: '],
])('parseConfigFile() refuses %j and says what to write', (text, message) => {
  expect(() => parseConfigFile(text, 'a.yaml')).toThrow(message)
})

test('A file that is not there is named', () => {
  expect(() => loadConfigFile('/nowhere/futago.yaml')).toThrow('Cannot read --config /nowhere/futago.yaml')
})
