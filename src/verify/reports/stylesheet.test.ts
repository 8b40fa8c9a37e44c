import { expect, test } from 'vitest'
import { palettes, stylesheet } from './stylesheet.ts'

/** WCAG 2.2: relative luminance of `#rrggbb`. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map(at => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light! + 0.05) / (dark! + 0.05)
}

test('the measure is right', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 1)
})

test.each(Object.entries(palettes))('%s: every text stands out from its ground (AA)', (_, palette) => {
  const texts = ['text', 'muted', 'pass', 'warn', 'fail', 'skip', 'notEvaluable'] as const
  const weak = texts.flatMap(text =>
    (['page', 'panel'] as const)
      .filter(ground => contrast(palette[text], palette[ground]) < 4.5)
      .map(ground => `${text} on ${ground}`),
  )
  expect(weak).toEqual([])
  for (const fill of ['pass', 'fail'] as const) {
    expect(contrast(palette.onFill, palette[fill])).toBeGreaterThan(4.5)
  }
})

test('nothing is fetched', () => {
  expect(stylesheet).not.toMatch(/url\(|@import|https?:/)
})
