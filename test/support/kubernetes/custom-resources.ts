/**
 * JSON Schemas of the custom resources that the manifests use, as far as they use them: an unknown or misspelt field is an error. Written
 * after the operators' own definitions (Strimzi v1, CloudNativePG v1, KEDA v1alpha1, Prometheus operator v1, External Secrets v1) and the Gateway API.
 */
type Schema = Record<string, unknown>

const text = { type: 'string' }
const number = { type: 'integer' }
const flag = { type: 'boolean' }
const texts = { type: 'array', items: text }
const anything = { type: 'object' }
const quantity = { type: 'string', pattern: '^[0-9.]+(m|[KMGT]i)?$' }

function object(properties: Record<string, Schema>, required: string[] = []): Schema {
  return { type: 'object', additionalProperties: false, properties, required }
}

function list(items: Schema): Schema {
  return { type: 'array', minItems: 1, items }
}

function oneOf(...values: string[]): Schema {
  return { enum: values }
}

/** KEDA takes every setting of a trigger as text. */
const keda = (names: string): Schema => object(Object.fromEntries(names.split(' ').map((name) => [name, text])))

const resources = object({ requests: object({ cpu: quantity, memory: quantity }), limits: object({ cpu: quantity, memory: quantity }) })
const ofContainer = object({ securityContext: anything })
const reference = object({ name: text, key: text }, ['name', 'key'])
const secretName = object({ name: text }, ['name'])
const selector = object({
  matchLabels: { type: 'object', additionalProperties: text },
  matchExpressions: list(
    object({ key: text, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: texts }, ['key', 'operator']),
  ),
})
const podTemplate = object({ securityContext: anything, topologySpreadConstraints: list(anything) })

const backend = object({ group: oneOf(''), kind: oneOf('Service'), name: text, port: number, weight: number }, ['name', 'port'])
const path = object({ type: oneOf('Exact', 'PathPrefix'), value: { type: 'string', pattern: '^/' } }, ['type', 'value'])
const duration = { type: 'string', pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }

const SPECS: Record<string, Schema> = {
  'gateway.networking.k8s.io/v1 HTTPRoute': object({
    parentRefs: list(
      object({ group: oneOf('gateway.networking.k8s.io'), kind: oneOf('Gateway'), name: text, namespace: text, sectionName: text }, [
        'name',
      ]),
    ),
    hostnames: list(text),
    rules: list(
      object({
        matches: list(object({ path })),
        backendRefs: list(backend),
        timeouts: object({ request: duration, backendRequest: duration }),
      }),
    ),
  }),
  'kafka.strimzi.io/v1 KafkaTopic': object(
    { partitions: { type: 'integer', minimum: 1 }, replicas: { type: 'integer', minimum: 1 }, config: { type: 'object' } },
    ['partitions', 'replicas'],
  ),
  'kafka.strimzi.io/v1 KafkaUser': object({
    authentication: object({ type: oneOf('scram-sha-512') }, ['type']),
    authorization: object({
      type: oneOf('simple'),
      acls: list(
        object(
          {
            resource: {
              anyOf: [
                object({ type: oneOf('topic', 'group'), name: text, patternType: oneOf('literal', 'prefix') }, ['type', 'name']),
                object({ type: oneOf('cluster') }, ['type']),
              ],
            },
            operations: { type: 'array', minItems: 1, items: oneOf('Read', 'Write', 'Describe', 'DescribeConfigs') },
            host: text,
          },
          ['resource', 'operations'],
        ),
      ),
    }),
  }),
  'kafka.strimzi.io/v1 KafkaNodePool': object(
    {
      replicas: number,
      roles: { type: 'array', minItems: 1, items: oneOf('controller', 'broker') },
      storage: object(
        {
          type: oneOf('jbod'),
          volumes: list(
            object({ id: number, type: oneOf('persistent-claim'), size: quantity, deleteClaim: flag, kraftMetadata: oneOf('shared') }, [
              'id',
            ]),
          ),
        },
        ['type', 'volumes'],
      ),
      resources,
      template: object({ pod: podTemplate, kafkaContainer: ofContainer }),
    },
    ['replicas', 'roles', 'storage'],
  ),
  'kafka.strimzi.io/v1 Kafka': object(
    {
      kafka: object(
        {
          listeners: list(
            object(
              {
                name: { type: 'string', pattern: '^[a-z0-9]{1,11}$' },
                port: { type: 'integer', minimum: 9092 },
                type: oneOf('internal', 'loadbalancer', 'ingress', 'nodeport', 'cluster-ip', 'route'),
                tls: flag,
                authentication: object({ type: oneOf('tls', 'scram-sha-512') }, ['type']),
              },
              ['name', 'port', 'type', 'tls'],
            ),
          ),
          authorization: object({ type: oneOf('simple') }, ['type']),
          config: { type: 'object' },
        },
        ['listeners'],
      ),
      entityOperator: object({
        topicOperator: anything,
        userOperator: anything,
        template: object({ pod: podTemplate, topicOperatorContainer: ofContainer, userOperatorContainer: ofContainer }),
      }),
    },
    ['kafka'],
  ),
  'postgresql.cnpg.io/v1 Cluster': object(
    {
      instances: { type: 'integer', minimum: 1 },
      imageName: text,
      bootstrap: object({
        initdb: object({ database: text, owner: text, postInitApplicationSQLRefs: object({ configMapRefs: list(reference) }) }),
      }),
      managed: object({
        roles: list(object({ name: text, login: flag, connectionLimit: number, inRoles: texts, passwordSecret: secretName }, ['name'])),
      }),
      postgresql: object({
        parameters: { type: 'object', additionalProperties: text },
        synchronous: object({ method: oneOf('any', 'first'), number, dataDurability: oneOf('required', 'preferred') }, [
          'method',
          'number',
        ]),
      }),
      storage: object({ size: quantity }),
      walStorage: object({ size: quantity }),
      resources,
      affinity: object({ enablePodAntiAffinity: flag, topologyKey: text }),
    },
    ['instances'],
  ),
  'keda.sh/v1alpha1 TriggerAuthentication': object({
    configMapTargetRef: list(object({ parameter: text, name: text, key: text }, ['parameter', 'name', 'key'])),
    secretTargetRef: list(object({ parameter: text, name: text, key: text }, ['parameter', 'name', 'key'])),
  }),
  'keda.sh/v1alpha1 ScaledObject': object(
    {
      scaleTargetRef: object({ name: text }, ['name']),
      // Never zero, whatever KEDA would allow: every service answers HTTP as well, and some hold leases.
      minReplicaCount: { type: 'integer', minimum: 1 },
      maxReplicaCount: { type: 'integer', minimum: 1, maximum: 12 },
      pollingInterval: number,
      cooldownPeriod: { type: 'integer', minimum: 300 },
      advanced: object({
        horizontalPodAutoscalerConfig: object({
          behavior: object({
            scaleDown: object({
              stabilizationWindowSeconds: number,
              policies: list(object({ type: oneOf('Pods', 'Percent'), value: number, periodSeconds: number })),
            }),
          }),
        }),
      }),
      triggers: list(
        object(
          {
            type: oneOf('kafka'),
            authenticationRef: object({ name: text }, ['name']),
            metadata: keda(
              'bootstrapServers consumerGroup topic lagThreshold activationLagThreshold offsetResetPolicy ' +
                'excludePersistentLag limitToPartitionsWithLag scaleToZeroOnInvalidOffset sasl tls',
            ),
          },
          ['type', 'metadata'],
        ),
      ),
    },
    ['scaleTargetRef', 'triggers', 'minReplicaCount', 'maxReplicaCount'],
  ),
  'monitoring.coreos.com/v1 PodMonitor': object(
    {
      selector,
      podTargetLabels: texts,
      podMetricsEndpoints: list(object({ port: text, path: text, interval: text, scrapeTimeout: text }, ['port'])),
    },
    ['selector', 'podMetricsEndpoints'],
  ),
  'monitoring.coreos.com/v1 PrometheusRule': object(
    {
      groups: list(
        object(
          {
            name: text,
            rules: list(
              object(
                {
                  alert: text,
                  expr: text,
                  for: text,
                  labels: { type: 'object', additionalProperties: text },
                  annotations: { type: 'object', additionalProperties: text },
                },
                ['expr'],
              ),
            ),
          },
          ['name', 'rules'],
        ),
      ),
    },
    ['groups'],
  ),
  'external-secrets.io/v1 ExternalSecret': object(
    {
      refreshInterval: text,
      secretStoreRef: object({ kind: oneOf('ClusterSecretStore', 'SecretStore'), name: text }, ['name']),
      target: object({ name: text, template: object({ type: text }) }),
      data: list(object({ secretKey: text, remoteRef: object({ key: text, property: text }, ['key']) }, ['secretKey', 'remoteRef'])),
    },
    ['secretStoreRef', 'data'],
  ),
}

/** The schema of a whole object by `apiVersion kind`; `undefined` for what is none of these. */
export function customResourceSchema(apiVersion: string, kind: string): Schema | undefined {
  const spec = SPECS[`${apiVersion} ${kind}`]
  if (spec === undefined) return undefined
  const metadata = object({
    name: { type: 'string', pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$', maxLength: 253 },
    namespace: text,
    labels: { type: 'object', additionalProperties: text },
    annotations: { type: 'object', additionalProperties: text },
  })
  return object({ apiVersion: text, kind: text, metadata, spec }, ['apiVersion', 'kind', 'metadata', 'spec'])
}

export const CUSTOM_GROUPS = new Set(Object.keys(SPECS).map((key) => key.split('/')[0]!))
