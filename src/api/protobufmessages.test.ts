import { expect, test } from 'vitest'
import { readGenerated } from './generatedfile.ts'
import { type Entry, loadMessages } from './protobufmessages.ts'
import numbers from './protobufnumbers.json' with { type: 'json' }
import { loadSchema, type Struct } from './schema.ts'
import { indexSchema } from './schemaformat.ts'

const { definitions } = indexSchema(readGenerated('schema.tsv').toString())
const structs = [...definitions.keys()].map(type => loadSchema().struct(type)!)

const namesOf = (entries: readonly Entry[]): string[] =>
  entries.flatMap(entry => ('inlined' in entry ? namesOf(entry.inlined.entries) : [entry.field.name]))

/** apiVersion and kind of an object are the envelope's, not the message's. */
const isEnvelope = (struct: Struct, field: string) =>
  (field === 'apiVersion' || field === 'kind') && struct.fields.has('metadata')

/** Kinds without metadata, whose envelope has both as well. */
const bareKinds = ['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions', 'DeleteOptions']

const groupOf = (struct: Struct) => struct.name.replace(/^io\.k8s\.(api\.)?/, '').replace(/\.[^.]+$/, '')

test('Every field of every definition has a number, and each number is of one field', async () => {
  const messages = await loadMessages()
  const counts = new Map<string, number>()
  const missing: string[] = []
  for (const struct of structs) {
    const { entries } = messages.of(struct)
    const numbered = namesOf(entries)
    expect(new Set(numbered).size, struct.name).toBe(numbered.length)
    expect(new Set(entries.map(entry => entry.number)).size, struct.name).toBe(entries.length)
    counts.set(groupOf(struct), (counts.get(groupOf(struct)) ?? 0) + numbered.length)
    for (const field of struct.fields.keys()) {
      if (isEnvelope(struct, field) || numbered.includes(field)) continue
      if (bareKinds.includes(struct.goName) && (field === 'apiVersion' || field === 'kind')) continue
      missing.push(`${struct.name}.${field}`)
    }
  }
  expect(missing).toEqual([])
  expect(Object.keys(numbers)).toHaveLength(structs.length)
  expect(Object.fromEntries([...counts].sort())).toEqual({
    'admissionregistration.v1': 119,
    'apiextensions-apiserver.pkg.apis.apiextensions.v1': 112,
    'apimachinery.pkg.apis.meta.v1': 96,
    'apps.v1': 125,
    'authentication.v1': 28,
    'authorization.v1': 50,
    'autoscaling.v1': 23,
    'autoscaling.v2': 78,
    'batch.v1': 70,
    'certificates.v1': 21,
    'coordination.v1': 11,
    'core.v1': 956,
    'discovery.v1': 25,
    'events.v1': 19,
    'flowcontrol.v1': 60,
    'kube-aggregator.pkg.apis.apiregistration.v1': 21,
    'networking.v1': 78,
    'node.v1': 9,
    'policy.v1': 18,
    'rbac.v1': 32,
    'resource.v1': 145,
    'scheduling.v1': 7,
    'storage.v1': 66,
  })
})

test('Fields that are newer than the table’s first source have the numbers of Kubernetes 1.36', async () => {
  const messages = await loadMessages()
  const numberOf = (type: string, name: string) =>
    messages
      .of(loadSchema().struct(type)!)
      .entries.find(entry => 'field' in entry && entry.field.name === name)?.number
  expect(numberOf('PodSpec', 'hostnameOverride')).toBe(41)
  expect(numberOf('PodSpec', 'schedulingGroup')).toBe(43)
  expect(numberOf('PodStatus', 'observedGeneration')).toBe(17)
  expect(numberOf('PodStatus', 'allocatedResources')).toBe(19)
  expect(numberOf('NodeStatus', 'declaredFeatures')).toBe(14)
  expect(numberOf('ServiceSpec', 'trafficDistribution')).toBe(23)
  expect(numberOf('CSIDriverSpec', 'preventPodSchedulingIfMissing')).toBe(11)
  expect(numberOf('EndpointHints', 'forNodes')).toBe(2)
  expect(numberOf('MutatingAdmissionPolicySpec', 'reinvocationPolicy')).toBe(7)
})
