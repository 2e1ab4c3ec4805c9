#!/bin/sh
# Writes sallyport.yaml, the plain manifests: what the chart becomes with its defaults, in the
# namespace ingress-sallyport. Needs helm.
set -eu
cd "$(dirname "$0")"
{
  echo "# Made from packaging/helm/sallyport by packaging/kubernetes/render.sh: kubectl apply -f this file."
  echo "apiVersion: v1"
  echo "kind: Namespace"
  echo "metadata:"
  echo "  name: ingress-sallyport"
  echo "  labels: {pod-security.kubernetes.io/enforce: restricted}"
  "${HELM:-helm}" template sallyport ../helm/sallyport -n ingress-sallyport
} > "${1:-sallyport.yaml}"
