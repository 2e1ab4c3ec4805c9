// Validates objects, a JSON list on standard input, by the OpenAPI schemas of Kubernetes as the
// package kubernetes-models has them. Prints a line for each fault, and for each kind it does not
// know; then "checked N".
"use strict";

const path = require("path");
const root = path.dirname(require.resolve("kubernetes-models/package.json"));

const GROUPS = {
  "v1": "CoreV1", "apps/v1": "AppsV1", "policy/v1": "PolicyV1", "autoscaling/v2": "AutoscalingV2",
  "networking.k8s.io/v1": "NetworkingV1", "rbac.authorization.k8s.io/v1": "RbacV1",
  "batch/v1": "BatchV1",
};

function check(object) {
  const name = `IoK8sApi${GROUPS[object.apiVersion]}${object.kind}`;
  let validate;
  try {
    ({ validate } = require(path.join(root, "_schemas", `${name}.js`)));
  } catch (error) {
    return [`${object.apiVersion} ${object.kind}: no schema`];
  }
  if (validate(object)) return [];
  return validate.errors.map(
    (e) => `${object.kind} ${object.metadata.name}: ${e.instancePath} ${e.keyword} ` +
      JSON.stringify(e.params));
}

const objects = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const object of objects) for (const fault of check(object)) console.log(fault);
console.log(`checked ${objects.length}`);
