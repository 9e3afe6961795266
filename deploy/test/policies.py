"""Renders what deploy/ holds and checks it: the schemas of Kubernetes, then the rules below.

A rule is a function from what it looks at to what is wrong with it. RULES says which; each comes with a
breach that is planted into the rendered manifests, and a rule that does not see its own is an error, so
that none is asleep. Run by run.sh with the repository's root as the argument.
"""

import copy
import subprocess
import sys
import tomllib
from pathlib import Path

import kubernetes_validate
import yaml

ROOT = Path(sys.argv[1])
DEPLOY = ROOT / "deploy"
VERSION = "1.33"
# Kinds of others, whose schemas Kubernetes does not carry; rules look at them instead.
FOREIGN = {"ScaledObject", "TriggerAuthentication", "PodMonitor"}
SERVICES = sorted(
    folder.name for folder in (ROOT / "services").iterdir() if folder.name != "touchline"
)


def render(overlay):
    """An overlay as kubectl renders it."""
    for tool in (["kubectl", "kustomize"], ["kustomize", "build"]):
        try:
            done = subprocess.run([*tool, overlay], capture_output=True, text=True)
        except FileNotFoundError:
            continue
        if done.returncode:
            sys.exit(f"deploy-test: FAILED: {overlay} does not render:\n{done.stderr}")
        return [one for one in yaml.safe_load_all(done.stdout) if one]
    sys.exit("deploy-test: FAILED: neither kubectl (1.21 or newer) nor kustomize is installed")


def of(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def name(one):
    return f"{one['kind']}/{one['metadata']['name']}"


def workloads(objects):
    return of(objects, "Deployment", "StatefulSet", "Job")


def pod(workload):
    return workload["spec"]["template"]["spec"]


def containers(workload):
    return pod(workload)["containers"] + pod(workload).get("initContainers", [])


def lasting(objects):
    return of(objects, "Deployment", "StatefulSet")


def labels(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def selects(selector, workload):
    return selector.get("matchLabels", {}).items() <= labels(workload).items()


def setting(container, key):
    name = "TOUCHLINE__" + key.upper().replace(".", "__")
    return next((one["value"] for one in container.get("env", []) if one["name"] == name), None)


# Rules over the manifests of one overlay.


def is_restricted(objects):
    for one in workloads(objects):
        security = pod(one).get("securityContext", {})
        if not security.get("runAsNonRoot") or not security.get("runAsUser"):
            yield f"{name(one)} may run as root"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name(one)} has no seccomp profile"
        if any(pod(one).get(shared) for shared in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{name(one)} shares something of its node"


def is_locked_down(objects):
    for one in workloads(objects):
        for container in containers(one):
            security = container.get("securityContext", {})
            if security.get("allowPrivilegeEscalation") is not False:
                yield f"{name(one)} may gain privileges"
            if security.get("readOnlyRootFilesystem") is not True:
                yield f"{name(one)} can write its file system"
            if security.get("capabilities", {}).get("drop") != ["ALL"]:
                yield f"{name(one)} keeps capabilities"


def has_no_token(objects):
    for one in workloads(objects):
        if pod(one).get("automountServiceAccountToken") is not False:
            yield f"{name(one)} is given a token of the cluster"
    for one in of(objects, "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        yield f"{name(one)} gives rights in the cluster, and nobody needs any"


def has_limits(objects):
    for one in workloads(objects):
        for container in containers(one):
            resources = container.get("resources", {})
            for kind in ("requests", "limits"):
                if set(resources.get(kind, {})) != {"cpu", "memory"}:
                    yield f"{name(one)} {container['name']} lacks {kind}"


def has_probes(objects):
    for one in lasting(objects):
        for container in pod(one)["containers"]:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe not in container:
                    yield f"{name(one)} has no {probe}"
            live = container.get("livenessProbe", {}).get("httpGet", {}).get("path")
            if live == "/health/ready":
                yield f"{name(one)} is killed when its database is away"


def stops_in_order(objects):
    defaults = tomllib.loads((ROOT / "shared/bootstrap/config.default.toml").read_text())
    email, sms = defaults["email"], defaults["sms"]
    send = max(
        email["connect_timeout_seconds"] + email["command_timeout_seconds"] + email["data_timeout_seconds"],
        sms["connect_timeout_seconds"] + sms["timeout_seconds"],
    )
    for one in lasting(objects):
        if one["metadata"]["name"] not in SERVICES:
            continue
        drain = int(setting(pod(one)["containers"][0], "worker.drain_seconds") or 0)
        grace = pod(one).get("terminationGracePeriodSeconds", 30)
        if drain <= send:
            yield f"{name(one)} drains {drain} s, and a hand-over may take {send} s"
        if grace <= drain:
            yield f"{name(one)} is killed after {grace} s, before it has drained for {drain} s"


def survives_drains(objects):
    budgets = of(objects, "PodDisruptionBudget")
    for one in lasting(objects):
        if one["metadata"]["name"] not in SERVICES:
            continue
        mine = [budget for budget in budgets if selects(budget["spec"]["selector"], one)]
        if len(mine) != 1:
            yield f"{name(one)} has {len(mine)} disruption budgets"
        for budget in mine:
            if budget["spec"].get("maxUnavailable") != 1:
                yield f"{name(budget)} would hold up a node's drain, or take all at once"


def denies_by_default(objects):
    policies = of(objects, "NetworkPolicy")
    empty = [
        one for one in policies
        if one["spec"]["podSelector"] == {} and not one["spec"].get("ingress")
        and not one["spec"].get("egress")
        and set(one["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    ]
    if not empty:
        yield "no policy denies what no other allows"
    for one in policies:
        for way in ("ingress", "egress"):
            for rule in one["spec"].get(way) or []:
                if not rule.get("ports"):
                    yield f"{name(one)} opens every port"
                if way == "ingress" and not rule.get("from"):
                    yield f"{name(one)} lets everybody in"


def reads_own_secrets(objects):
    for one in lasting(objects):
        service = one["metadata"]["name"]
        secrets = [v["secret"]["secretName"] for v in pod(one).get("volumes", []) if "secret" in v]
        if secrets != [f"touchline-{service}"]:
            yield f"{name(one)} mounts {secrets}"
    for one in workloads(objects):
        for container in containers(one):
            for variable in container.get("env", []):
                if "valueFrom" in variable or "secret" in variable.get("value", "").replace("/run/secrets", ""):
                    yield f"{name(one)} takes {variable['name']} into its environment"
    for one in of(objects, "Secret"):
        yield f"{name(one)} stands in the repository"


def is_settled_by_name(objects):
    for one in workloads(objects):
        for volume in pod(one).get("volumes", []):
            config = volume.get("configMap", {}).get("name")
            if config and config not in [m["metadata"]["name"] for m in of(objects, "ConfigMap")]:
                yield f"{name(one)} needs the settings {config}, which nothing makes"
        for container in containers(one):
            image = container["image"]
            if ":" not in image or (image.endswith(":latest") and "/" in image):
                yield f"{name(one)} runs whatever {image} is today"
    for one in objects:
        if one["kind"] != "Namespace" and one["metadata"].get("namespace") != "touchline":
            yield f"{name(one)} is outside the namespace"


def has_every_service(objects):
    there = {one["metadata"]["name"] for one in lasting(objects)}
    for service in SERVICES:
        if service not in there:
            yield f"{service} is missing"
    if "migrate" not in {one["metadata"]["name"] for one in of(objects, "Job")}:
        yield "nothing migrates the schema"


def scales_sensibly(objects):
    replicas = {one["metadata"]["name"]: one["spec"].get("replicas") for one in lasting(objects)}
    for one in of(objects, "ScaledObject", "HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]["name"]
        if replicas.get(target, 0) is not None:
            yield f"{name(one)} and the manifest of {target} both say how many there are"
        least = one["spec"].get("minReplicaCount", one["spec"].get("minReplicas", 0))
        if least < 1:
            yield f"{name(one)} leaves its queue to nobody"
    for one in of(objects, "ScaledObject"):
        worker = one["spec"]["scaleTargetRef"]["name"].removesuffix("-worker")
        queues = {trigger["metadata"]["queueName"] for trigger in one["spec"]["triggers"]}
        if queues != {f"touch.{worker}.hi.v1", f"touch.{worker}.bulk.v1"}:
            yield f"{name(one)} looks at {sorted(queues)}"
        known = {auth["metadata"]["name"] for auth in of(objects, "TriggerAuthentication")}
        if any(t.get("authenticationRef", {}).get("name") not in known for t in one["spec"]["triggers"]):
            yield f"{name(one)} has no login at the broker"


# Rules over compose.yaml.


def compose_is_locked_down(file):
    for service, one in file["services"].items():
        if one.get("read_only") is not True or one.get("cap_drop") != ["ALL"]:
            yield f"{service} can write its file system, or keeps capabilities"
        if "no-new-privileges:true" not in one.get("security_opt", []):
            yield f"{service} may gain privileges"
        if not one.get("mem_limit") or not one.get("cpus") or not one.get("pids_limit"):
            yield f"{service} has no limits"
        if one.get("user") == "0:0" and (service != "secrets" or one.get("network_mode") != "none"):
            yield f"{service} runs as root with a network"


def compose_is_watched(file):
    for service, one in file["services"].items():
        is_job = one.get("restart") == "no"
        if not is_job and "test" not in one.get("healthcheck", {}):
            yield f"{service} has no health check"
        for waited in one.get("depends_on", {}).values():
            if waited["condition"] == "service_started":
                yield f"{service} starts beside what it needs"
    for service in SERVICES:
        if service not in file["services"]:
            yield f"{service} is missing"
        elif "migrate" not in file["services"][service].get("depends_on", {}):
            yield f"{service} does not wait for the schema"


def compose_keeps_secrets(file):
    for service, one in file["services"].items():
        for variable, value in (one.get("environment") or {}).items():
            is_secret = any(word in variable for word in ("PASSWORD", "TOKEN", "ADDRESS", "URL"))
            if is_secret and not variable.endswith("_FILE") and not variable.endswith("FILE"):
                yield f"{service} takes {variable} into its environment"
            if variable.endswith("_FILE") and not str(value).startswith("/run/secrets/"):
                yield f"{service} reads {variable} from {value}"
        for port in one.get("ports", []):
            if ":-127.0.0.1:" not in port:
                yield f"{service} listens to everybody on {port}"


def compose_stops_in_order(file):
    for service in SERVICES:
        one = file["services"].get(service, {})
        grace = int(str(one.get("stop_grace_period", "10s")).removesuffix("s"))
        drain = int((one.get("environment") or {}).get("TOUCHLINE__WORKER__DRAIN_SECONDS", 0))
        if not drain or grace <= drain:
            yield f"{service} is killed after {grace} s, before it has drained for {drain} s"


def first(objects, kind, named=None):
    return next(one for one in of(objects, kind) if named in (None, one["metadata"]["name"]))


def plant(change):
    """A breach: what is rendered, changed."""

    def planted(whole):
        whole = copy.deepcopy(whole)
        return change(whole) or whole

    return planted


def container(objects, named="scheduler"):
    return pod(first(objects, "Deployment", named))["containers"][0]


# Every rule over manifests, with a breach that it must see.
RULES = [
    (is_restricted, plant(lambda o: pod(first(o, "Deployment"))["securityContext"].pop("runAsUser") and None)),
    (is_restricted, plant(lambda o: pod(first(o, "Job")).update(hostNetwork=True))),
    (is_locked_down, plant(lambda o: container(o)["securityContext"].update(readOnlyRootFilesystem=False))),
    (is_locked_down, plant(lambda o: container(o)["securityContext"]["capabilities"].update(drop=["KILL"]))),
    (has_no_token, plant(lambda o: pod(first(o, "StatefulSet")).pop("automountServiceAccountToken") and None)),
    (has_no_token, plant(lambda o: o + [{"kind": "RoleBinding", "metadata": {"name": "x"}}])),
    (has_limits, plant(lambda o: container(o)["resources"]["limits"].pop("memory") and None)),
    (has_probes, plant(lambda o: container(o).pop("readinessProbe") and None)),
    (has_probes, plant(lambda o: container(o)["livenessProbe"]["httpGet"].update(path="/health/ready"))),
    (stops_in_order, plant(lambda o: pod(first(o, "Deployment")).update(terminationGracePeriodSeconds=100))),
    (stops_in_order, plant(lambda o: container(o).update(env=[]))),
    (survives_drains, plant(lambda o: [one for one in o if one["kind"] != "PodDisruptionBudget"])),
    (survives_drains, plant(lambda o: first(o, "PodDisruptionBudget")["spec"].update(maxUnavailable=0))),
    (denies_by_default, plant(lambda o: [one for one in o if name(one) != "NetworkPolicy/nothing"])),
    (denies_by_default, plant(lambda o: first(o, "NetworkPolicy", "mail")["spec"].update(egress=[{}]))),
    (denies_by_default, plant(
        lambda o: first(o, "NetworkPolicy", "edge")["spec"]["ingress"][0].pop("from") and None)),
    (reads_own_secrets, plant(lambda o: next(
        v for v in pod(first(o, "Deployment", "scheduler"))["volumes"] if "secret" in v
    )["secret"].update(secretName="touchline-inbound"))),
    (reads_own_secrets, plant(lambda o: container(o)["env"].append(
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}))),
    (reads_own_secrets, plant(lambda o: o + [{"kind": "Secret", "metadata": {"name": "x"}}])),
    (is_settled_by_name, plant(lambda o: container(o).update(image="touchline"))),
    (is_settled_by_name, plant(lambda o: [one for one in o if one["kind"] != "ConfigMap"])),
    (is_settled_by_name, plant(lambda o: first(o, "Service")["metadata"].update(namespace="default"))),
    (has_every_service, plant(lambda o: [one for one in o if name(one) != "Deployment/call-worker"])),
    (has_every_service, plant(lambda o: [one for one in o if one["kind"] != "Job"])),
]
# Only where something is scaled.
SCALING_RULES = [
    (scales_sensibly, plant(lambda o: first(o, "Deployment", "sms-worker")["spec"].update(replicas=3))),
    (scales_sensibly, plant(lambda o: of(o, "ScaledObject", "HorizontalPodAutoscaler")[0]["spec"].update(
        minReplicaCount=0, minReplicas=0))),
]
KEDA_RULES = [
    (scales_sensibly, plant(lambda o: first(o, "ScaledObject")["spec"]["triggers"].pop() and None)),
    (scales_sensibly, plant(lambda o: [one for one in o if one["kind"] != "TriggerAuthentication"])),
]
COMPOSE_RULES = [
    (compose_is_locked_down, plant(lambda f: f["services"]["inbound"].update(read_only=False))),
    (compose_is_locked_down, plant(lambda f: f["services"]["postgres"].update(cap_drop=[]))),
    (compose_is_locked_down, plant(lambda f: f["services"]["grafana"].update(security_opt=[]))),
    (compose_is_locked_down, plant(lambda f: f["services"]["scheduler"].pop("mem_limit") and None)),
    (compose_is_locked_down, plant(lambda f: f["services"]["scheduler"].update(user="0:0"))),
    (compose_is_watched, plant(lambda f: f["services"]["inbound"].pop("healthcheck") and None)),
    (compose_is_watched, plant(lambda f: f["services"]["inbound"].update(depends_on={}))),
    (compose_is_watched, plant(lambda f: f["services"].pop("call-worker") and None)),
    (compose_keeps_secrets, plant(lambda f: f["services"]["scheduler"]["environment"].update(
        TOUCHLINE__DATABASE__URL="postgres://a:b@c/d"))),
    (compose_keeps_secrets, plant(lambda f: f["services"]["scheduler"]["environment"].update(
        TOUCHLINE__DATABASE__URL_FILE="/etc/url"))),
    (compose_keeps_secrets, plant(lambda f: f["services"]["inbound"].update(ports=["8080:8080"]))),
    (compose_stops_in_order, plant(lambda f: f["services"]["email-worker"].update(stop_grace_period="30s"))),
]


def hold(what, whole, rules):
    """Whether every rule finds nothing in `whole` and something in its breach."""
    wrong = []
    for rule in dict.fromkeys(rule for rule, _ in rules):
        wrong += [f"{what}: {finding}" for finding in rule(whole)]
    for rule, breach in rules:
        if not list(rule(breach(whole))):
            wrong.append(f"{what}: {rule.__name__} does not see its planted breach")
    return wrong


def validate(what, objects):
    wrong = []
    for one in objects:
        if one["kind"] in FOREIGN:
            continue
        try:
            kubernetes_validate.validate(one, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            wrong.append(f"{what}: {name(one)}: {'.'.join(map(str, error.path))}: {error.message}")
    return wrong


def with_hpa(objects):
    """Production as it is where there is no KEDA."""
    scaling = yaml.safe_load_all((DEPLOY / "kubernetes/components/hpa/scaling.yaml").read_text())
    rest = [one for one in objects if one["kind"] not in ("ScaledObject", "TriggerAuthentication")]
    placed = [one | {"metadata": one["metadata"] | {"namespace": "touchline"}} for one in scaling]
    return rest + placed


def main():
    production = render(DEPLOY / "kubernetes/overlays/production")
    single = render(DEPLOY / "kubernetes/overlays/single-node")
    wrong, rules = [], 0
    for what, objects, its in (
        ("production", production, RULES + SCALING_RULES + KEDA_RULES),
        ("production with hpa", with_hpa(production), RULES + SCALING_RULES),
        ("single-node", single, RULES),
    ):
        wrong += validate(what, objects) + hold(what, objects, its)
        rules += len(its)
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    wrong += hold("compose.yaml", compose, COMPOSE_RULES)
    rules += len(COMPOSE_RULES)
    broken = copy.deepcopy(first(production, "Deployment"))
    broken["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    if not validate("a misspelt probe", [broken]):
        wrong.append("the schemas do not see a misspelt probe")
    for finding in wrong:
        print(f"deploy-test: {finding}", file=sys.stderr)
    if wrong:
        sys.exit(f"deploy-test: FAILED: {len(wrong)} findings")
    print(f"deploy-test:   {len(production) + len(single)} objects hold to the schemas of {VERSION} and, "
          f"with compose.yaml, to {rules} rules, each of which sees its planted breach", file=sys.stderr)


main()
