import { describe, expect, test } from 'vitest'
import {
  checkName,
  configMapKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  environmentVariableName,
  labelValue,
  pathSegment,
  portName,
  portNumber,
  qualifiedName,
  type TextRule,
} from './names.ts'

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
  "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex " +
  "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " +
  "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex " +
  "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const nameText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

describe('names', () => {
  const accepted: [string, TextRule, string[]][] = [
    ['dns1123Subdomain', dns1123Subdomain, ['a', '0', 'a.b', 'my-name.example.com', 'a'.repeat(253)]],
    ['dns1123Label', dns1123Label, ['a', '1a', 'a-b', 'a'.repeat(63)]],
    ['dns1035Label', dns1035Label, ['a', 'a1', 'a-1']],
    ['pathSegment', pathSegment, ['system:node', 'A b', '...']],
    ['qualifiedName', qualifiedName, ['a', 'A_b.c', 'example.com/My-name', `a/${'n'.repeat(63)}`]],
    ['labelValue', labelValue, ['', 'x', 'X_1.y', 'a'.repeat(63)]],
    ['environmentVariableName', environmentVariableName, ['A', '1 b!', 'a.b-c']],
    ['configMapKey', configMapKey, ['a', '.bashrc', 'A_b-c.d', '...x'.slice(2)]],
    ['portName', portName, ['http', 'a-1', 'a'.repeat(15)]],
  ]
  for (const [name, rule, texts] of accepted) {
    test(`${name} accepts what upstream accepts`, () => {
      for (const text of texts) expect({ text, problems: rule(text) }).toEqual({ text, problems: [] })
    })
  }

  const refused: [string, TextRule, string, string[]][] = [
    ['an upper-case subdomain', dns1123Subdomain, 'A', [subdomainText]],
    ['an empty subdomain', dns1123Subdomain, '', [subdomainText]],
    ['a long subdomain', dns1123Subdomain, 'a'.repeat(254), ['must be no more than 253 bytes']],
    ['an upper-case label', dns1123Label, 'A', [labelText]],
    ['a label with dots', dns1123Label, 'a.b', ['must not contain dots']],
    ['a long label', dns1123Label, 'a'.repeat(64), ['must be no more than 63 bytes']],
    ['a path of dots', pathSegment, '..', ["may not be '..'"]],
    ['a path with slash', pathSegment, 'a/b%', ["may not contain '/'", "may not contain '%'"]],
    ['an empty label key', qualifiedName, '', ['name part must be non-empty', `name part ${nameText}`]],
    ['an empty prefix', qualifiedName, '/a', ['prefix part must be non-empty']],
    ['a wrong prefix', qualifiedName, 'A/a', [`prefix part ${subdomainText}`]],
    [
      'two slashes',
      qualifiedName,
      'a/b/c',
      [
        `a valid label key ${nameText} with an optional DNS subdomain prefix and '/' ` +
          "(e.g. 'example.com/MyName')",
      ],
    ],
    ['a long key', qualifiedName, 'n'.repeat(64), ['name part must be no more than 63 bytes']],
    ['a long label value', labelValue, 'v'.repeat(64), ['must be no more than 63 bytes']],
    ['an empty variable', environmentVariableName, '', ['environment variable name must be non-empty']],
    [
      'a variable with =',
      environmentVariableName,
      'a=b',
      ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
    ],
    ['the key ..', configMapKey, '..', ["must not be '..'"]],
    ['a key like ..x', configMapKey, '..x', ["must not start with '..'"]],
    ['a numeric port name', portName, '80', ['must contain at least one letter (a-z)']],
    [
      'an odd port name',
      portName,
      '-A--',
      [
        'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'must contain at least one letter (a-z)',
        'must not contain consecutive hyphens',
        'must not begin or end with a hyphen',
      ],
    ],
  ]
  for (const [name, rule, text, problems] of refused) {
    test(`${name} is refused in upstream's words`, () => expect(rule(text)).toEqual(problems))
  }

  test('lengths count bytes, not characters', () => {
    expect(labelValue('é'.repeat(32))).toHaveLength(2)
  })

  test('a generateName may end in a hyphen', () => {
    expect(checkName('dns1123Subdomain', 'web-', { prefix: true })).toEqual([])
    expect(checkName('dns1123Subdomain', 'web-')).toEqual([subdomainText])
    expect(checkName('pathSegment', '.', { prefix: true })).toEqual([])
  })

  test('ports are 1 to 65535', () => {
    expect([0, 65536, 1.5].map(port => portNumber(port).length)).toEqual([1, 1, 1])
    expect([1, 65535].map(portNumber)).toEqual([[], []])
  })
})
