// For the tests of the parts: runs the checks of a whole spec and shows what they find, as short as can be.
import { expect, test } from 'vitest'
import type { Container, PodSpec, Volume } from '../../../../generated/types.ts'
import { defaultPodSpec } from '../defaults.ts'
import { validatePodSpec } from './spec.ts'

export function checkSpec(rest: Partial<PodSpec>): string[] {
  const spec: PodSpec = { containers: [{ name: 'c', image: 'x' }], ...structuredClone(rest) }
  defaultPodSpec(spec)
  const errors = validatePodSpec(spec, { field: 'spec', isPod: true, podName: 'p' })
  return errors.map(({ field, message }) => `${field.replace('spec.', '')}: ${message}`)
}

export const checkContainer = (rest: Partial<Container>) =>
  checkSpec({ containers: [{ name: 'c', image: 'x', ...rest }] }).map(text =>
    text.replace('containers[0].', ''),
  )

export const checkVolume = (rest: Omit<Volume, 'name'>) =>
  checkSpec({ volumes: [{ name: 'v', ...rest }] }).map(text => text.replace('volumes[0].', ''))

export type Row<T> = [name: string, value: T, errors: string[]]

export function table<T>(rows: Row<T>[], run: (value: T) => string[]): void {
  for (const [name, value, errors] of rows) test(name, () => expect(run(value)).toEqual(errors))
}
