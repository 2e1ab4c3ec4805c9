{{- define "sallyport.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name }}{{ end -}}
{{- end }}

{{- define "sallyport.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sallyport.labels" -}}
{{ include "sallyport.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "sallyport.account" -}}
{{ .Values.serviceAccount.name | default (include "sallyport.name" .) }}
{{- end }}

{{- /* The Secret of an internal service: its own, the shared one, or one that exists. */ -}}
{{- define "sallyport.internalSecret" -}}
{{- $tls := .root.Values.internal_tls -}}
{{- if .service.existingSecret }}{{ .service.existingSecret }}
{{- else if $tls.sharedSecret }}{{ $tls.sharedSecret }}
{{- else }}{{ printf "%s-%s-tls" (include "sallyport.name" .root) .name }}{{ end -}}
{{- end }}

{{- /* Whether an internal service is reached by TLS. */ -}}
{{- define "sallyport.internalOn" -}}
{{- if and .root.Values.internal_tls.enabled (ne (toString .service.enabled) "false") }}yes{{ end -}}
{{- end }}

{{- /* The names of Secrets that are mounted as secrets of the configuration, as a JSON list. */ -}}
{{- define "sallyport.mounted" -}}
{{- $names := keys .Values.secretData -}}
{{- range .Values.certificates }}
{{- if .mount }}{{ $names = append $names (.secretName | default .name) }}{{ end }}
{{- end }}
{{- range $name, $service := .Values.internal_tls.services }}
{{- $of := dict "root" $ "name" $name "service" $service }}
{{- if include "sallyport.internalOn" $of }}
{{- $names = append $names (include "sallyport.internalSecret" $of) }}
{{- end }}
{{- end }}
{{- $names | uniq | sortAlpha | toJson -}}
{{- end }}

{{- /* The configuration file. */ -}}
{{- define "sallyport.config" -}}
{{- $c := .Values.controller -}}
{{- $here := .Release.Namespace -}}
{{- $status := dict -}}
{{- if $c.status.addresses }}{{ $_ := set $status "addresses" $c.status.addresses }}
{{- else if $c.status.nodes }}{{ $_ := set $status "nodes" true }}
{{- else if and $c.status.service .Values.service.enabled }}
{{- $_ := set $status "service" (printf "%s/%s" $here (include "sallyport.name" .)) }}
{{- end }}
{{- $kube := dict "controller" $c.name "ssl_passthrough" $c.sslPassthrough "compat" $c.compat
      "require_backend_verification" $c.requireBackendVerification "secrets" $c.secrets
      "events" $c.events
      "leader_election" (dict "lease" (printf "%s-leader" (include "sallyport.name" .)) "namespace" $here) -}}
{{- if $c.namespaces }}{{ $_ := set $kube "namespaces" $c.namespaces }}{{ end }}
{{- if $c.ingressClasses }}{{ $_ := set $kube "ingress_classes" $c.ingressClasses }}{{ end }}
{{- if $c.defaultCertificate }}{{ $_ := set $kube "default_certificate" $c.defaultCertificate }}{{ end }}
{{- if $c.configMap }}{{ $_ := set $kube "config_map" $c.configMap }}{{ end }}
{{- if $c.ticketSecret }}{{ $_ := set $kube "ticket_secret" (printf "%s/%s-tickets" $here (include "sallyport.name" .)) }}{{ end }}
{{- if $status }}{{ $_ := set $kube "status" $status }}{{ end }}
{{- if $c.cache.enabled }}
{{- $_ := set $kube "cache" "/var/cache/sallyport/objects" }}
{{- $_ := set $kube "cache_secrets" $c.cache.secrets }}
{{- end }}
{{- if $c.objectsSize }}{{ $_ := set $kube "objects_size" $c.objectsSize }}{{ end }}
{{- $listeners := list -}}
{{- range $protocol, $port := dict "http" ":80" "https" ":443" }}
{{- $listener := dict "name" $protocol "address" $port "protocol" $protocol }}
{{- if eq $protocol "https" }}{{ $_ := set $listener "http2" $.Values.http2 }}{{ end }}
{{- if ne $.Values.service.proxyProtocol "off" }}
{{- $_ := set $listener "proxy_protocol" $.Values.service.proxyProtocol }}
{{- if $.Values.service.trustedNetworks }}{{ $_ := set $listener "trusted_networks" $.Values.service.trustedNetworks }}{{ end }}
{{- end }}
{{- $listeners = append $listeners $listener }}
{{- end }}
{{- $services := .Values.config.services | default list -}}
{{- range $name, $service := .Values.internal_tls.services }}
{{- $of := dict "root" $ "name" $name "service" $service }}
{{- $made := dict "name" $name "endpoints" $service.endpoints }}
{{- if include "sallyport.internalOn" $of }}
{{- $verify := ternary "full" "none" $.Values.internal_tls.verify }}
{{- $_ := set $made "tls" (dict "verify" $verify "secret" (include "sallyport.internalSecret" $of) "name" $name) }}
{{- end }}
{{- $services = append $services $made }}
{{- end }}
{{- $config := dict "metrics" (dict "address" (printf ":%d" (int .Values.metrics.port)))
      "drain" .Values.drain "secrets_directory" "/etc/sallyport/secrets"
      "kubernetes" $kube "listeners" $listeners -}}
{{- if .Values.service.trustedNetworks }}{{ $_ := set $config "http" (dict "trusted_networks" .Values.service.trustedNetworks) }}{{ end }}
{{- if $services }}{{ $_ := set $config "services" $services }}{{ end }}
{{- $config = mergeOverwrite $config (omit .Values.config "services") -}}
{{- toYaml $config -}}
{{- end }}
