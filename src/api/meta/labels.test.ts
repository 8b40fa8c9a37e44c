import { describe, expect, test } from 'vitest'
import {
  compileLabelSelector,
  formatLabelSelector,
  labelMatcher,
  labelRequirements,
  parseLabelSelector,
} from './labels.ts'

const selects = (text: string, labels: Record<string, string>) =>
  (compileLabelSelector(parseLabelSelector(text)) ?? (() => true))(labels)

describe('a label selector', () => {
  test.each([
    ['', {}, true],
    ['app=web', { app: 'web' }, true],
    ['app==web', { app: 'web' }, true],
    ['app=web', { app: 'db' }, false],
    ['app=web', {}, false],
    ['app!=web', {}, true],
    ['app!=web', { app: 'web' }, false],
    ['app', { app: '' }, true],
    ['app', {}, false],
    ['!app', {}, true],
    ['! app', { app: 'x' }, false],
    ['app in (web, db)', { app: 'db' }, true],
    ['app in (web,db)', { app: 'x' }, false],
    ['app in (web)', {}, false],
    ['app notin (web)', {}, true],
    ['app notin (web)', { app: 'web' }, false],
    ['app in ()', { app: '' }, true],
    ['app=', { app: '' }, true],
    ['weight>10', { weight: '11' }, true],
    ['weight<10', { weight: '11' }, false],
    ['weight>10', { weight: 'heavy' }, false],
    ['app=web,tier in (a,b),!old', { app: 'web', tier: 'b' }, true],
    ['app=web,tier in (a,b),!old', { app: 'web', tier: 'b', old: '1' }, false],
    ['constructor', {}, false],
    ['in=notin', { in: 'notin' }, true],
  ] as const)('%j on %j gives %j', (text, labels, expected) => {
    expect(selects(text, labels)).toBe(expected)
  })

  test.each([
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a=b,', "found '', expected: identifier after ','"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a>x', "for 'Gt', 'Lt' operators, the value must be an integer"],
    ['a=%', 'unable to parse requirement: values[0][a]: Invalid value: "%": a valid label must be'],
    ['%=a', 'unable to parse requirement: <nil>: Invalid value: "%": name part must consist of'],
    ['a in (b', "found '', expected: ',' or ')'"],
  ])('%j is refused with %j', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message)
  })

  test('is formatted in the order of its keys', () => {
    const text = 'tier in (b,a),app=web,!old,weight>3,present'
    expect(formatLabelSelector(parseLabelSelector(text))).toBe('app=web,!old,present,tier in (a,b),weight>3')
  })

  test('of an object: absent selects nothing, empty everything', () => {
    expect(labelMatcher(undefined)({ app: 'web' })).toBe(false)
    expect(labelMatcher({})({ app: 'web' })).toBe(true)
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }],
    }
    expect(labelMatcher(selector)({ app: 'web' })).toBe(true)
    expect(labelMatcher(selector)({ app: 'web', tier: 'x' })).toBe(false)
    expect(formatLabelSelector(labelRequirements(selector)!)).toBe('app=web,tier notin (x)')
  })
})
