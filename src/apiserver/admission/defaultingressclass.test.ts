import { expect, test } from 'vitest'
import type { Ingress } from '../../api/generated/types.ts'
import { ingresses } from '../../api/resources/networking.k8s.io/ingress.ts'
import { ingressClasses } from '../../api/resources/networking.k8s.io/ingressclass.ts'
import { context, openTestRegistries } from '../registry/registries.fake.ts'
import { defaultIngressClassPlugin } from './defaultingressclass.ts'

const backend = { service: { name: 's', port: { number: 80 } } }

async function start() {
  const resources = [ingresses, ingressClasses]
  const { registry, clock } = await openTestRegistries({ resources, admission: [defaultIngressClassPlugin] })
  return {
    clock,
    addClass: (name: string, isDefault: boolean) =>
      registry(ingressClasses).create(
        context,
        {
          metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': `${isDefault}` } },
          spec: { controller: 'example.com/c' },
        } as never,
        { namespace: '' },
      ),
    classOf: async (name: string, spec: object = {}, annotations = {}) => {
      const ingress = { metadata: { name, annotations }, spec: { defaultBackend: backend, ...spec } }
      const { object } = await registry(ingresses).create(context, ingress as never, { namespace: 'team' })
      return (object as Ingress).spec?.ingressClassName
    },
  }
}

test('An Ingress without a class gets the default one, if there is one', async () => {
  const { addClass, classOf } = await start()
  await addClass('plain', false)
  expect(await classOf('a')).toBeUndefined()
  await addClass('usual', true)
  expect(await classOf('b')).toBe('usual')
  expect(await classOf('c', { ingressClassName: 'plain' })).toBe('plain')
  expect(await classOf('d', {}, { 'kubernetes.io/ingress.class': 'old' })).toBeUndefined()
})

test('Of several defaults the newest counts', async () => {
  const { addClass, classOf, clock } = await start()
  await addClass('older', true)
  await clock.advance(5_000)
  await addClass('newer', true)
  expect(await classOf('a')).toBe('newer')
})
