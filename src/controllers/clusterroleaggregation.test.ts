import { expect, test } from 'vitest'
import { clusterRoleAggregationController } from './clusterroleaggregation.ts'
import { startControllers } from './liveserver.fake.ts'
import { clusterRoles } from './resources.ts'

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })

test('A role has the rules of those that its selectors choose, as they come and go', async () => {
  const world = await startControllers([clusterRoleAggregationController])
  const matchLabels = { 'to-all': 'true' }
  await world.client.create(clusterRoles, {
    metadata: { name: 'all' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels }] },
    rules: [],
  })
  const part = (name: string, resource: string, labels = matchLabels) =>
    world.client.create(clusterRoles, { metadata: { name, labels }, rules: [rule(resource)] })
  const rules = async () => {
    await world.settle()
    return (await world.client.get(clusterRoles, { name: 'all' })).rules
  }
  await part('b', 'pods')
  await part('a', 'nodes')
  await part('c', 'pods')
  await world.client.create(clusterRoles, { metadata: { name: 'other' }, rules: [rule('secrets')] })
  expect(await rules()).toEqual([rule('nodes'), rule('pods')])
  await world.client.delete(clusterRoles, { name: 'a' })
  expect(await rules()).toEqual([rule('pods')])
  expect(world.problems).toEqual([])
})
