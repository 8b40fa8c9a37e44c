"""Drives a cluster with Debian's python3-kubernetes as its documentation shows it, and says what went well.

Usage: python.py KUBECONFIG PART... (those below; each line printed is one that passed)
"""

import base64
import hashlib
import io
import json
import logging
import os
import sys
import tarfile

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.stream import portforward, stream, ws_client

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
namespace = core.create_namespace({"metadata": {"generateName": "python-"}}).metadata.name


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r}, expected {expected!r}")


def run_pod(name, **container):
    spec = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", **container}]}
    core.create_namespaced_pod(namespace, {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
    pods = watch.Watch()
    found = None
    for event in pods.stream(core.list_namespaced_pod, namespace, field_selector=f"metadata.name={name}"):
        conditions = event["object"].status.conditions or []
        if any(c.type == "Ready" and c.status == "True" for c in conditions):
            found = event["object"]
            pods.stop()
    return found


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def lists():
    nodes = core.list_node().items
    addresses = [a.address for a in nodes[0].status.addresses if a.type == "InternalIP"]
    equal(len(addresses), 2)
    page = core.list_namespaced_pod(namespace, label_selector="app=main", limit=1)
    equal([len(pod.status.pod_i_ps) for pod in page.items], [2])
    equal(client.VersionApi().get_code().major, "1")


def watches():
    start = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, config_map("watched", a="1"))
    core.patch_namespaced_config_map("watched", namespace, {"data": {"a": "2"}})
    core.delete_namespaced_config_map("watched", namespace)
    seen = []
    events = watch.Watch()
    for event in events.stream(core.list_namespaced_config_map, namespace, resource_version=start):
        if event["object"].metadata.name == "watched":
            seen.append(event["type"])
        if event["type"] == "DELETED":
            events.stop()
    equal(seen, ["ADDED", "MODIFIED", "DELETED"])


def pages():
    names = [f"page-{index:02}" for index in range(25)]
    for name in names:
        core.create_namespaced_secret(namespace, {"metadata": {"name": name}})
    seen, remaining, token = [], [], None
    while token != "":
        page = core.list_namespaced_secret(namespace, limit=10, _continue=token)
        seen += [item.metadata.name for item in page.items]
        remaining.append(page.metadata.remaining_item_count)
        token = page.metadata._continue or ""
    equal((seen, remaining), (names, [15, 5, None]))


def errors():
    try:
        core.read_namespaced_pod("missing", namespace)
    except ApiException as error:
        equal(error.status, 404)
        equal('pods \\"missing\\" not found' in error.body, True)
    else:
        raise AssertionError("no error")


def dynamically():
    api = dynamic.DynamicClient(client.ApiClient())
    services = api.resources.get(api_version="v1", kind="Service")
    spec = {"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]}
    made = services.create(namespace=namespace, body={"metadata": {"name": "dynamic"}, "spec": spec})
    equal(len(made.spec.clusterIPs), 2)
    patch = {"metadata": {"labels": {"a": "b"}}}
    kind = "application/merge-patch+json"
    equal(services.patch(name="dynamic", namespace=namespace, body=patch, content_type=kind).metadata.labels.a, "b")
    equal([item.metadata.name for item in services.get(namespace=namespace).items], ["dynamic"])
    for event in services.watch(namespace=namespace, timeout=120):
        equal(event["object"].metadata.name, "dynamic")
        break
    services.delete(name="dynamic", namespace=namespace)


def yaml():
    text = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: one, namespace: {namespace}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: two, namespace: {namespace}}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: two}}}}
  template:
    metadata: {{labels: {{app: two}}}}
    spec: {{containers: [{{name: c, image: i}}]}}
"""
    path = os.path.join(os.environ["TMPDIR"], f"{namespace}.yaml")
    with open(path, "w") as file:
        file.write(text)
    utils.create_from_yaml(client.ApiClient(), path)
    os.remove(path)
    scale = client.AppsV1Api().read_namespaced_deployment_scale("two", namespace)
    equal(scale.spec.replicas or 0, 0)


def executes():
    connect = core.connect_get_namespaced_pod_exec
    both = {"stderr": True, "stdout": True, "tty": False}
    text = stream(connect, "main", namespace, command=["echo", "hello"], stdin=False, **both)
    equal(text, "hello\n")
    session = stream(connect, "main", namespace, command=["sh"], stdin=True, _preload_content=False, **both)
    session.write_stdin("echo out; echo err >&2; exit 3\n")
    session.run_forever(timeout=120)
    equal((session.read_stdout(), session.read_stderr(), session.returncode), ("out\n", "err\n", 3))


def resizes():
    connect = core.connect_get_namespaced_pod_exec
    options = {"stdin": True, "stdout": True, "stderr": False, "tty": True, "_preload_content": False}
    session = stream(connect, "main", namespace, command=["sh"], **options)
    screen = ""

    def until(text):
        nonlocal screen
        while text not in screen:
            screen += session.read_stdout(timeout=10)

    until("# ")
    session.write_channel(ws_client.RESIZE_CHANNEL, json.dumps({"Height": 50, "Width": 132}))
    session.write_stdin("stty size\r")
    until("50 132\r\n")
    session.write_stdin("exit 5\r")
    session.run_forever(timeout=10)
    equal(session.returncode, 5)


def copies():
    """Into a Pod and out of it by tar through exec, as the library's examples do it."""
    connect = core.connect_get_namespaced_pod_exec
    both = {"stderr": True, "stdout": True, "tty": False}
    content = os.urandom(2_000_000)
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo("copied/below/\u00fc file")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        packed = buffer.getvalue()
    into = ["tar", "xf", "-", "-C", "/"]
    session = stream(connect, "main", namespace, command=into, stdin=True, _preload_content=False, **both)
    for start in range(0, len(packed), 100_000):
        session.write_stdin(packed[start : start + 100_000])
    session.close()
    # The library cannot say that the input has ended but by hanging up: what was sent is unpacked after that.
    unpacked = f"until [ -f '{member.name}' ]; do sleep 0.1; done; sha256sum '{member.name}'"
    text = stream(connect, "main", namespace, command=["sh", "-c", unpacked], stdin=False, **both)
    equal(text[:64], hashlib.sha256(content).hexdigest())
    # What comes out is text to this version of the library.
    out = ["sh", "-c", "tar cf - copied | base64"]
    packed = base64.b64decode(stream(connect, "main", namespace, command=out, stdin=False, **both))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        equal(archive.extractfile(member.name).read() == content, True)


def elects():
    lock = ConfigMapLock("leader", namespace, "python")
    never = electionconfig.Config(
        lock, lease_duration=15, renew_deadline=10, retry_period=5, onstarted_leading=print, onstopped_leading=print
    )
    logging.disable(logging.INFO)
    equal(leaderelection.LeaderElection(never).acquire(), True)
    held = core.read_namespaced_config_map("leader", namespace).metadata.annotations
    equal('"python"' in held["control-plane.alpha.kubernetes.io/leader"], True)


def logs():
    equal(core.read_namespaced_pod_log("main", namespace), "begun\n")
    lines = core.read_namespaced_pod_log("main", namespace, follow=True, _preload_content=False).stream()
    equal(next(iter(lines)), b"begun\n")


def refused_port():
    """Nothing listens in a simulated Pod: the reason is told."""
    ports = portforward(core.connect_get_namespaced_pod_portforward, "main", namespace, ports="8080")
    ports.socket(8080).recv(1)
    equal("8080" in (ports.error(8080) or ""), True)


def forwards():
    """A web server in a Pod that runs containers."""
    ports = portforward(core.connect_get_namespaced_pod_portforward, "web", "default", ports="8080")
    socket = ports.socket(8080)
    socket.setblocking(True)
    socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
    received = b""
    while not received.endswith(b"hello\n"):
        received += socket.recv(1024)
    socket.close()
    equal(ports.error(8080), None)


if sys.argv[2:] != ["forwards"]:
    run_pod("main", image="busybox", command=["sh", "-c", "echo begun; sleep 3600"])
for part in sys.argv[2:]:
    globals()[part]()
    print(part, flush=True)
core.delete_namespace(namespace)
