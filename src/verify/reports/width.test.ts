import { describe, expect, test } from 'vitest'
import { padTo, truncate, widthOf, wrap } from './width.ts'

test.each([
  ['', 0],
  ['pass', 4],
  ['合格', 4],
  ['ｶﾅ', 2],
  ['ＡＢ', 4],
  ['か\u3099', 2],
  ['e\u0301', 1],
  ['✓ 合格', 6],
  ['ServiceのIP', 11],
  ['\u001b[1;31m✗ FAIL\u001b[0m', 6],
  ['🚀', 2],
  ['한글', 4],
  ['a\u200db', 2],
])('%j takes %i columns', (text, width) => {
  expect(widthOf(text)).toBe(width)
})

test('padTo() counts columns, not characters', () => {
  expect(padTo('合格', 8)).toBe('合格    ')
  expect(padTo('\u001b[32mpass\u001b[0m', 6)).toBe('\u001b[32mpass\u001b[0m  ')
  expect(padTo('too long', 3)).toBe('too long')
})

test('truncate() never splits a character and stays within the width', () => {
  expect(truncate('fits', 4)).toBe('fits')
  expect(truncate('does not fit', 5)).toBe('does…')
  expect(truncate('デュアル', 4)).toBe('デ…')
  expect(truncate('デュアル', 5)).toBe('デュ…')
  expect(truncate('anything', 0)).toBe('')
})

describe('wrap()', () => {
  test('breaks between words', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrap('', 8)).toEqual([''])
    expect(wrap('a\n\nb', 8)).toEqual(['a', '', 'b'])
  })

  test('keeps a command whole that is longer than a line', () => {
    expect(wrap('use --service-cluster-ip-range=10.0.0.0/16 here', 12)).toEqual([
      'use',
      '--service-cluster-ip-range=10.0.0.0/16',
      'here',
    ])
  })

  test('breaks Japanese anywhere but in katakana words and before punctuation', () => {
    expect(wrap('同じノードです', 8)).toEqual(['同じ', 'ノードで', 'す'])
    expect(wrap('あいうえ。おか', 8)).toEqual(['あいう', 'え。おか'])
    expect(wrap('あいう「えお」', 8)).toEqual(['あいう', '「えお」'])
  })

  test('fits every line into the width', () => {
    const text = 'kube-apiserverの範囲を、ファミリーごとに指定してください。'
    for (const width of [16, 20, 30]) {
      for (const line of wrap(text, width)) expect(widthOf(line)).toBeLessThanOrEqual(width)
    }
    expect(wrap(text, 24).join('')).toBe(text)
  })
})
