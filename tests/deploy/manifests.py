"""What is wrong with a set of Kubernetes objects that start slotway: each function yields findings.

Files that the pod would mount are laid under a folder, and the configuration is shown to slotway
with that folder before their names.
"""

import os
import re
import subprocess

import yaml


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that a mapping has twice, as Kubernetes does."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"{node.start_mark}: twice: {twice}")
        return super().construct_mapping(node, deep)


def load(text):
    return [each for each in yaml.load_all(text, Loader=StrictLoader) if each is not None]


def of_kind(objects, kind):
    return [each for each in objects if each["kind"] == kind]


def pod_of(objects):
    return of_kind(objects, "Deployment")[0]["spec"]["template"]


def container_of(objects):
    pod = pod_of(objects)["spec"]
    containers = pod["containers"] + pod.get("initContainers", [])
    return next(each for each in containers if each["name"] == "slotway")


def config_of(objects):
    return yaml.safe_load(of_kind(objects, "ConfigMap")[0]["data"]["proxy.yaml"])


def as_list(value):
    """A list as the configuration may have it: also as one text with commas."""
    return value if isinstance(value, list) else [each.strip() for each in (value or "").split(",")]


def ports_outside(addresses):
    """The ports of those addresses that others than the pod itself reach."""
    inside = re.compile(r"127\.|localhost:|\[::1\]:|unix:|$")
    return {int(each.rsplit(":", 1)[1]) for each in addresses if not inside.match(each)}


def texts_in(value):
    """All texts of a configuration."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for each in value for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


def holes(value, path=""):
    """Nothing is said to be nothing: a template had no value there."""
    if value is None:
        yield f"{path} is null"
    pairs = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else pairs:
        yield from holes(each, f"{path}.{key}")


def names(objects):
    seen = [(each["kind"], each["metadata"]["name"]) for each in objects]
    yield from (f"{kind} {name} twice" for kind, name in seen if seen.count((kind, name)) > 1)
    for kind, name in seen:
        form = r"[a-z]([a-z0-9-]*[a-z0-9])?"
        if kind != "Service":
            form = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
        if not isinstance(name, str) or len(name) > 63 or not re.fullmatch(form, name):
            yield f"{kind} has the name {name}"


def labels(objects):
    """Selectors find the pod; labels and annotations are texts of the right form."""
    pod = pod_of(objects)["metadata"]
    deployment = of_kind(objects, "Deployment")[0]["spec"]
    selectors = [("Deployment", deployment["selector"]["matchLabels"])]
    selectors += [("Service", each["spec"]["selector"]) for each in of_kind(objects, "Service")]
    selectors += [("PodDisruptionBudget", each["spec"]["selector"]["matchLabels"])
                  for each in of_kind(objects, "PodDisruptionBudget")]
    for kind, selector in selectors:
        if not selector.items() <= pod["labels"].items():
            yield f"the selector of the {kind} does not find the pod"
    for metadata in [each["metadata"] for each in objects] + [pod]:
        for name, value in metadata.get("labels", {}).items():
            if not isinstance(value, str) or not re.fullmatch(r"(\w([\w.-]{0,61}\w)?)?", value):
                yield f"label {name} is {value!r}"
        for name, value in (metadata.get("annotations") or {}).items():
            if not isinstance(value, str):
                yield f"annotation {name} is {value!r}"


def ports(objects):
    """Services and probes lead to where slotway listens."""
    config, container = config_of(objects), container_of(objects)
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    clients = set()
    for pool in config["pools"]:
        clients |= ports_outside(as_list(pool.get("listen")))
        clients |= ports_outside(as_list((pool.get("tls") or {}).get("listen")))
    for service in of_kind(objects, "Service"):
        for port in service["spec"]["ports"]:
            if named.get(port["targetPort"]) not in clients:
                yield f"nobody listens where the service's port {port['port']} leads to"
    admin = ports_outside(as_list(config["admin"]["listen"]))
    scheme = "HTTPS" if config["admin"].get("tls_certificate") else "HTTP"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        path = "/readyz" if probe == "readinessProbe" else "/healthz"
        if named.get(asked["port"]) not in admin or asked["path"] != path:
            yield f"the {probe} asks for {asked}"
        if asked.get("scheme", "HTTP") != scheme:
            yield f"the {probe} does not speak {scheme}"
    scraped = pod_of(objects)["metadata"]["annotations"]
    if int(scraped["prometheus.io/port"]) not in admin or scraped.get(
            "prometheus.io/path", "/metrics") != "/metrics":
        yield "Prometheus is sent to another port or path"
    if scraped.get("prometheus.io/scheme", "http") != scheme.lower():
        yield f"Prometheus does not speak {scheme}"


def mounts(objects):
    """Files of the configuration are below a folder that is mounted, of a volume that there is."""
    folders = [mount["mountPath"] for mount in container_of(objects)["volumeMounts"]]
    volumes = {each["name"]: each for each in pod_of(objects)["spec"]["volumes"]}
    for mount in container_of(objects)["volumeMounts"]:
        if mount["name"] not in volumes:
            yield f"volume {mount['name']} is not there"
    for text in texts_in(config_of(objects)):
        if text.startswith("/") and not any(text.startswith(f"{each}/") for each in folders):
            yield f"{text} is in no volume"
    maps = {each["metadata"]["name"] for each in of_kind(objects, "ConfigMap")}
    mounted = [each["configMap"]["name"] for each in volumes.values() if "configMap" in each]
    if len(mounted) != 1 or mounted[0] not in maps:
        yield f"the configuration is not mounted: {mounted}"


def fence(objects):
    """The container may do as little as it can do with, and ends after its clients."""
    security = container_of(objects)["securityContext"]
    wanted = {"runAsNonRoot": True, "allowPrivilegeEscalation": False,
              "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    if not wanted.items() <= security.items():
        yield f"the container may do more: {security}"
    drain = config_of(objects).get("drain", {})
    least = sum(int(drain.get(name, unsaid).removesuffix("s"))
                for name, unsaid in (("delay", "0s"), ("timeout", "10s")))
    if pod_of(objects)["spec"]["terminationGracePeriodSeconds"] <= least:
        yield f"the pod is killed before its clients had {least} s"


def order(objects):
    """An application has slotway beside it from its begin to its end."""
    pod = pod_of(objects)["spec"]
    others = [each["name"] for each in pod["containers"] if each["name"] != "slotway"]
    first = [each for each in pod.get("initContainers", []) if each["name"] == "slotway"]
    if others and (not first or first[0].get("restartPolicy") != "Always"):
        yield f"slotway may end before {others}"


def workers(objects):
    """Without a limit of CPU, auto is all that the machine has, which are others' as well."""
    limits = container_of(objects).get("resources", {}).get("limits", {})
    if "cpu" not in limits and not isinstance(config_of(objects).get("workers"), int):
        yield "a worker for each CPU of the machine"


def lay_files(objects, folder, certificate):
    """Makes the files of the pod: those of secrets that are not among the objects as well."""
    secrets = {each["metadata"]["name"]: each["stringData"] for each in of_kind(objects, "Secret")}
    volumes = {each["name"]: each for each in pod_of(objects)["spec"]["volumes"]}
    for mount in container_of(objects)["volumeMounts"]:
        os.makedirs(folder + mount["mountPath"])
        secret = volumes[mount["name"]].get("secret", {}).get("secretName")
        for name, text in secrets.get(secret, {}).items():
            write(f"{folder}{mount['mountPath']}/{name}", text)
        if secret is not None and secret not in secrets:
            for path in texts_in(config_of(objects)):
                if path.startswith(mount["mountPath"] + "/"):
                    write(folder + path, certificate if path.endswith(".pem") else "a secret")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def slotway_refuses(objects, folder, certificate):
    """What slotway itself says about the configuration, in the environment of the pod."""
    lay_files(objects, folder, certificate)
    text = of_kind(objects, "ConfigMap")[0]["data"]["proxy.yaml"]
    for mount in container_of(objects)["volumeMounts"]:
        text = text.replace(f"{mount['mountPath']}/", f"{folder}{mount['mountPath']}/")
    write(f"{folder}/etc/slotway/proxy.yaml", text)
    environment = {each["name"]: each["value"] for each in container_of(objects).get("env", ())}
    environment["SLOTWAY_CONFIG"] = f"{folder}/etc/slotway/proxy.yaml"
    words = container_of(objects).get("args", [])
    result = subprocess.run([os.environ["SLOTWAY_BINARY"], *words, "--check"], env=environment,
                            check=False, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    if result.returncode != 0 or "WARN" in result.stdout:
        yield result.stdout


def findings(objects, folder, certificate):
    """All that is wrong with the objects; `folder` is an empty one."""
    for check in (holes, names, labels, ports, mounts, fence, order, workers):
        yield from check(objects)
    yield from slotway_refuses(objects, folder, certificate)
