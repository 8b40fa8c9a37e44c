// What people do with kubectl every day, command by command, on one simulated cluster for each kubectl: the
// answers are what the same kubectl prints against Kubernetes itself, with ages and generated ids taken out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestedCluster } from './futago.ts'
import { type KubectlVersion, kubectlVersions, missingKubectl } from './kubectl.ts'
import { reservePorts } from './ports.ts'

interface Step {
  readonly run: string
  /** Both streams; a string is the whole text. */
  readonly prints: string | RegExp
  /** 0 unless told. */
  readonly exitCode?: number
  /** Both kubectls unless told. */
  readonly only?: KubectlVersion
}

const lines = (...text: readonly string[]) => text.join('\n')
const failure = { exitCode: 1 }

const deployment = `cat <<'END' > $DIRECTORY/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.27, ports: [{containerPort: 80}]}]}
END
`

const empty = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} }

const create: readonly Step[] = [
  { run: 'kubectl create namespace shop', prints: 'namespace/shop created' },
  {
    run: 'kubectl config set-context --current --namespace=shop',
    prints: 'Context "futago-default" modified.',
  },
  { run: `${deployment}kubectl apply -f $DIRECTORY/web.yaml`, prints: 'deployment.apps/web created' },
  { run: 'kubectl apply -f $DIRECTORY/web.yaml', prints: 'deployment.apps/web unchanged' },
  {
    run: 'kubectl rollout status deployment/web --timeout=120s',
    prints: /deployment "web" successfully rolled out$/,
  },
  {
    run: 'sed -i s/1.27/1.28/ $DIRECTORY/web.yaml; kubectl diff -f $DIRECTORY/web.yaml | grep 1.2[78]$',
    prints: lines('- - image: nginx:1.27', '+ - image: nginx:1.28'),
  },
  { run: 'kubectl create configmap one --from-literal=a=1', prints: 'configmap/one created' },
  {
    run: 'kubectl create configmap one',
    prints: /configmaps "one" already exists$/,
    ...failure,
  },
  { run: 'kubectl create secret generic pass --from-literal=p=x', prints: 'secret/pass created' },
  { run: 'kubectl create serviceaccount robot', prints: 'serviceaccount/robot created' },
  { run: 'kubectl create job sum --image=busybox -- sh -c "echo 42"', prints: 'job.batch/sum created' },
  {
    run: 'kubectl wait --for=condition=complete job/sum --timeout=120s',
    prints: 'job.batch/sum condition met',
  },
  { run: 'kubectl logs job/sum', prints: '42' },
  {
    run: 'kubectl expose deployment web --port=80',
    prints: 'service/web exposed',
  },
  {
    run: 'kubectl run good --image=busybox --restart=Never -- sh -c "echo hello; sleep 3600"',
    prints: 'pod/good created',
  },
  { run: 'kubectl run bad --image=busybox --restart=Never -- sh -c "exit 3"', prints: 'pod/bad created' },
  { run: 'kubectl wait --for=condition=Ready pod/good --timeout=120s', prints: 'pod/good condition met' },
  {
    run: 'echo "echo from \\$0" | kubectl run talk --rm -i --image=busybox --restart=Never -- sh',
    prints: /from sh\n(pod "talk" deleted.*)?/,
  },
]

const look: readonly Step[] = [
  {
    run: 'kubectl get pods good bad',
    prints: lines('NAME READY STATUS RESTARTS AGE', 'good 1/1 Running 0 AGE', 'bad 0/1 Error 0 AGE'),
  },
  {
    run: 'kubectl get deployment,replicaset,service -l app=web',
    prints: lines(
      'NAME READY UP-TO-DATE AVAILABLE AGE',
      'deployment.apps/web 2/2 2 2 AGE',
      '',
      'NAME DESIRED CURRENT READY AGE',
      'replicaset.apps/web-HASH 2 2 2 AGE',
      '',
      'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE',
      'service/web ClusterIP 10.96.IP <none> 80/TCP AGE',
    ),
  },
  {
    run: 'kubectl get deployment web --subresource=scale',
    prints: lines('NAME DESIRED AVAILABLE AGE', 'web 2 2 AGE'),
    only: '1.34',
  },
  {
    run: 'kubectl get pods -l app=web -o name',
    prints: lines('pod/web-HASH-ID', 'pod/web-HASH-ID'),
  },
  {
    run: `kubectl get pods -l app=web -o jsonpath='{range .items[*]}{.status.phase}{" "}{end}'`,
    prints: 'Running Running',
  },
  {
    run: `kubectl get pods --sort-by=.metadata.name -o go-template='{{range .items}}{{.kind}} {{end}}'`,
    prints: 'Pod Pod Pod Pod Pod',
  },
  {
    run: 'kubectl get pod good -o custom-columns=NAME:.metadata.name,QOS:.status.qosClass',
    prints: lines('NAME QOS', 'good BestEffort'),
  },
  { run: 'kubectl get pods --field-selector=status.phase=Failed -o name', prints: 'pod/bad' },
  {
    run: 'kubectl get configmap one -o yaml',
    prints: lines(
      'apiVersion: v1',
      'data:',
      ' a: "1"',
      'kind: ConfigMap',
      'metadata:',
      ' creationTimestamp: "TIME"',
      ' name: one',
      ' namespace: shop',
      ' resourceVersion: "RV"',
      ' uid: UID',
    ),
  },
  { run: 'kubectl get pods none', prints: 'Error from server (NotFound): pods "none" not found', ...failure },
  { run: 'kubectl get pods none --ignore-not-found', prints: '' },
  {
    run: 'kubectl get things',
    prints: 'error: the server doesn\'t have a resource type "things"',
    ...failure,
  },
  { run: 'kubectl get pods -n empty', prints: 'No resources found in empty namespace.' },
  {
    run: `touch $DIRECTORY/watched; kubectl get configmap one -w --no-headers > $DIRECTORY/watched & until [ -s $DIRECTORY/watched ]; do sleep 0.05; done
kill $!; cat $DIRECTORY/watched`,
    prints: 'one 1 AGE',
  },
  {
    run: 'kubectl describe pod good',
    prints: /Status: +Running[\s\S]*Successfully assigned shop\/good to node/,
  },
  {
    run: 'kubectl describe deployment web',
    prints: /Replicas: 2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/,
  },
  { run: 'kubectl describe service web', prints: /Type: ClusterIP\nIP Family Policy: SingleStack/ },
  { run: 'kubectl describe node node1', prints: /Ready True[\s\S]*PodCIDRs: 10\.244\.IP\/24,fd00:/ },
  { run: 'kubectl explain service.spec.ipFamilyPolicy', prints: /FIELD: ipFamilyPolicy <string>/ },
  { run: 'kubectl api-versions | grep -c .', prints: /^\d+$/ },
  { run: 'kubectl api-resources --api-group=apps -o name | head -1', prints: 'controllerrevisions.apps' },
  { run: 'kubectl cluster-info', prints: /control plane.* is running at/ },
  { run: 'kubectl auth can-i create pods', prints: 'yes' },
  { run: 'kubectl top nodes', prints: /^NAME +CPU\(cores\).*\nnode1 / },
]

const change: readonly Step[] = [
  { run: 'kubectl label pod good tier=front', prints: 'pod/good labeled' },
  {
    run: 'kubectl label pod good tier=back',
    prints: /'tier' already has a value \(front\), and --overwrite is false$/,
    ...failure,
  },
  { run: 'kubectl annotate pod good note="two words"', prints: /^pod\/good annotated?$/ },
  { run: `kubectl patch configmap one -p '{"data":{"b":"2"}}'`, prints: 'configmap/one patched' },
  {
    run: `kubectl patch configmap one --type=json -p '[{"op":"remove","path":"/data/b"}]'`,
    prints: 'configmap/one patched',
  },
  {
    run: `kubectl patch configmap one -p '{"data":{"b":5}}'`,
    prints:
      'The request is invalid: patch: Invalid value: "map[data:map[b:5]]": cannot convert int64 to string',
    ...failure,
  },
  {
    run: `kubectl patch deployment web -p '{"spec":{"replicas":-1}}'`,
    prints:
      'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ...failure,
  },
  {
    run: `EDITOR="sed -i 's/^  a: .*/  a: two/'" kubectl edit configmap one`,
    prints: 'configmap/one edited',
  },
  { run: 'kubectl get configmap one -o jsonpath={.data}', prints: '{"a":"two"}' },
  { run: 'kubectl scale deployment web --replicas=3', prints: 'deployment.apps/web scaled' },
  {
    run: 'kubectl set image deployment/web web=nginx:1.29',
    prints: 'deployment.apps/web image updated',
  },
  {
    run: 'kubectl rollout status deployment/web --timeout=120s',
    prints: /deployment "web" successfully rolled out$/,
  },
  {
    run: 'kubectl rollout history deployment/web',
    prints: lines('deployment.apps/web', 'REVISION CHANGE-CAUSE', '1 <none>', '2 <none>'),
  },
  { run: 'kubectl rollout undo deployment/web', prints: 'deployment.apps/web rolled back' },
  { run: 'kubectl rollout restart deployment/web', prints: 'deployment.apps/web restarted' },
  { run: 'kubectl set env deployment/web MODE=test', prints: 'deployment.apps/web env updated' },
  {
    run: 'kubectl autoscale deployment web --min=1 --max=3',
    prints: 'horizontalpodautoscaler.autoscaling/web autoscaled',
  },
  { run: 'kubectl cordon node1', prints: 'node/node1 cordoned' },
  {
    run: 'kubectl get node node1',
    prints: /^NAME STATUS ROLES AGE VERSION\nnode1 Ready,SchedulingDisabled <none> AGE v1\.36/,
  },
  { run: 'kubectl uncordon node1', prints: 'node/node1 uncordoned' },
  { run: 'kubectl taint node node1 key=value:NoSchedule', prints: 'node/node1 tainted' },
  { run: 'kubectl taint node node1 key-', prints: 'node/node1 untainted' },
  {
    run: `kubectl create --validate=false -f - <<< '${JSON.stringify(empty)}'`,
    prints: 'The Pod "p" is invalid: spec.containers: Required value',
    ...failure,
  },
]

const requestFor = (name: string) => `cat <<END | kubectl create -f -
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: ${name}}
spec:
  request: $(openssl req -new -newkey rsa:2048 -nodes -keyout $DIRECTORY/${name}.key -subj /O=dev/CN=${name} 2>&- | base64 -w0)
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
END
`

const certificates: readonly Step[] = [
  { run: requestFor('jane'), prints: 'certificatesigningrequest.certificates.k8s.io/jane created' },
  { run: requestFor('joe'), prints: 'certificatesigningrequest.certificates.k8s.io/joe created' },
  {
    run: 'kubectl certificate approve jane',
    prints: 'certificatesigningrequest.certificates.k8s.io/jane approved',
  },
  {
    run: 'kubectl certificate deny joe',
    prints: 'certificatesigningrequest.certificates.k8s.io/joe denied',
  },
  {
    run: `for try in {1..50}; do kubectl get csr jane -o jsonpath={.status.certificate} | base64 -d > $DIRECTORY/jane.crt
  [ ! -s $DIRECTORY/jane.crt ] || break; done; openssl x509 -in $DIRECTORY/jane.crt -noout -subject`,
    prints: 'subject=O = dev, CN = jane',
  },
  {
    run: 'kubectl get csr',
    prints: lines(
      'NAME AGE SIGNERNAME REQUESTOR REQUESTEDDURATION CONDITION',
      'jane AGE kubernetes.io/kube-apiserver-client kubernetes-admin <none> Approved,Issued',
      'joe AGE kubernetes.io/kube-apiserver-client kubernetes-admin <none> Denied',
    ),
  },
  {
    run: 'kubectl create rolebinding jane --clusterrole=view --user=jane',
    prints: 'rolebinding.rbac.authorization.k8s.io/jane created',
  },
  {
    run: `kubectl config view --raw --minify | sed "s|client-certificate-data:.*|client-certificate: $DIRECTORY/jane.crt|
s|client-key-data:.*|client-key: $DIRECTORY/jane.key|" > $DIRECTORY/jane.yaml`,
    prints: '',
  },
  { run: 'kubectl --kubeconfig=$DIRECTORY/jane.yaml get configmap one -o name', prints: 'configmap/one' },
  {
    run: 'kubectl --kubeconfig=$DIRECTORY/jane.yaml get secrets',
    prints:
      'Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "shop"',
    ...failure,
  },
]

const inside: readonly Step[] = [
  { run: 'kubectl logs good', prints: 'hello' },
  { run: 'kubectl logs good --tail=1 --timestamps', prints: 'TIME hello' },
  { run: 'kubectl exec good -- sh -c "echo out; exit 7"', prints: /^out\n.*exit code 7$/, exitCode: 7 },
  { run: 'echo in | kubectl exec -i good -- cat', prints: 'in' },
  { run: 'kubectl exec good -- hostname', prints: 'good' },
  { run: 'kubectl exec good -- echo $(printf "%020000d" 0) | wc -c', prints: '20001' },
  { run: 'kubectl exec good -- nothing', prints: /"nothing": executable file not found/, exitCode: 127 },
  {
    run: 'kubectl exec bad -- true',
    prints: /cannot exec into a container in a completed pod; current phase is Failed$/,
    ...failure,
  },
]

const streams: readonly Step[] = [
  {
    run: `head -c 20000000 /dev/urandom > $DIRECTORY/big
kubectl cp $DIRECTORY/big good:/tmp/big > /dev/null 2>&1
kubectl cp good:/tmp/big $DIRECTORY/back > /dev/null 2>&1 && cmp $DIRECTORY/big $DIRECTORY/back && echo same`,
    prints: 'same',
  },
  {
    run: `printf 'echo "from $HOSTNAME"; exit 4' | kubectl run -i --rm shell --image=busybox --restart=Never -- sh 2>&1 | grep -c '^from shell'`,
    prints: '1',
  },
  {
    run: `printf 'hostname\\nexit\\n' | kubectl debug good -i --copy-to=good-copy --image=busybox --container=tool -- sh 2> /dev/null
kubectl delete pod good-copy --force --grace-period=0 > /dev/null 2>&1`,
    prints: 'good-copy',
  },
  {
    run: `printf 'hostname\\nexit\\n' | kubectl debug node/node1 -i --image=busybox -- sh 2> /dev/null | tail -n 1`,
    prints: 'node1',
  },
  {
    run: `for profile in general restricted sysadmin; do
printf 'hostname\\nexit\\n' | kubectl debug good -i --image=busybox --target=good --profile=$profile -- sh 2> /dev/null | tail -n 1
done`,
    prints: 'good\ngood\ngood',
    only: '1.34',
  },
  {
    run: `kubectl cp --retries=2 good:/tmp/big $DIRECTORY/again > /dev/null 2>&1 && cmp $DIRECTORY/big $DIRECTORY/again && echo same`,
    prints: 'same',
    only: '1.34',
  },
  {
    run: 'touch $DIRECTORY/forwarded; kubectl port-forward pod/good $PORT:80 $OTHER_PORT:81 > $DIRECTORY/forwarded & until [ $(wc -l < $DIRECTORY/forwarded) = 4 ]; do sleep 0.05; done; kill $!; sed "s/:[0-9]* /:PORT /" $DIRECTORY/forwarded | sort',
    prints: `Forwarding from 127.0.0.1:PORT -> 80
Forwarding from 127.0.0.1:PORT -> 81
Forwarding from [::1]:PORT -> 80
Forwarding from [::1]:PORT -> 81`,
  },
  {
    run: `touch $DIRECTORY/proxied; kubectl proxy --port=0 > $DIRECTORY/proxied & until grep -q : $DIRECTORY/proxied; do sleep 0.05; done
curl -s http://$(sed 's/.* //' $DIRECTORY/proxied)/api/v1/nodes/node1/proxy/healthz; kill $!`,
    prints: 'ok',
  },
  {
    run: 'kubectl get --raw /metrics | grep -c "^apiserver_request_total{verb=\\"CONNECT\\".*subresource=\\"exec\\".*code=\\"101\\""',
    prints: '1',
  },
]

const remove: readonly Step[] = [
  { run: 'kubectl delete pod good --grace-period=1', prints: /^pod "good" deleted/ },
  { run: 'kubectl delete pod bad --force', prints: /pod "bad" force deleted/ },
  { run: 'kubectl delete configmap -l none=here', prints: 'No resources found' },
  { run: 'kubectl delete job sum --cascade=foreground', prints: /^job.batch "sum" deleted/ },
  {
    run: 'kubectl delete namespace default',
    prints:
      'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted',
    ...failure,
  },
  { run: 'kubectl delete namespace shop --timeout=120s', prints: 'namespace "shop" deleted' },
  { run: 'kubectl get all -n shop', prints: 'No resources found in shop namespace.' },
]

const normalize = (text: string) =>
  text
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UID')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replace(/resourceVersion: "\d+"/g, 'resourceVersion: "RV"')
    .replace(
      /(web-)[0-9a-z]{8,10}(?:(-)[0-9a-z]{5})?\b/g,
      (_, name, dash) => `${name}HASH${dash ? '-ID' : ''}`,
    )
    .replace(/\b10\.(96|244)\.\d+\.\d+/g, '10.$1.IP')
    .replace(/\b\d+m?\d*s\b/g, 'AGE')
    .replace(/ +/g, ' ')
    .replace(/\t/g, '  ')
    .replace(/ +$/gm, '')
    .trim()

describe.each(kubectlVersions)('kubectl %s', version => {
  let cluster: TestedCluster
  /** Those that kubectl finds by itself for one loopback address may be taken on the other. */
  let ports: readonly number[]
  beforeAll(async () => {
    ports = await reservePorts(2)
    if (!missingKubectl(version)) cluster = await TestedCluster.up(['--nodes', '2', '--store', 'memory'])
  })
  afterAll(() => cluster?.remove())

  const steps = [...create, ...look, ...change, ...certificates, ...inside, ...streams, ...remove].filter(
    step => (step.only ?? version) === version,
  )
  test.skipIf(missingKubectl(version)).each(steps)('$run', async ({ run, prints, exitCode = 0 }) => {
    const variables = `DIRECTORY=${cluster.home}; PORT=${ports[0]}; OTHER_PORT=${ports[1]}`
    const result = await cluster.shell(`${variables}; exec 2>&1\n${run}`, version)
    const printed = normalize(result.stdout)
    if (typeof prints === 'string') expect(printed).toBe(prints)
    else expect(printed).toMatch(prints)
    expect(result.exitCode).toBe(exitCode)
  })
})
