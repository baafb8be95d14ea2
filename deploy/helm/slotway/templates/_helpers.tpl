{{- /* A service's name has no dots and begins with a letter; that of a release may be otherwise. */ -}}
{{- define "slotway.name" -}}
{{- $release := replace "." "-" .Release.Name -}}
{{- if regexMatch "^[0-9]" $release -}}
{{ printf "slotway-%s" $release | trunc 63 | trimSuffix "-" }}
{{- else if contains "slotway" $release -}}
{{ $release | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-slotway" $release | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "slotway.selector" -}}
app.kubernetes.io/name: slotway
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "slotway.labels" -}}
{{ include "slotway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{- define "slotway.admin.scheme" -}}
{{ empty (dig "tls_certificate" "" (.Values.config.admin | default dict)) | ternary "HTTP" "HTTPS" }}
{{- end -}}

{{- /* "yes" if one of .listen, a list or a text, can be reached at .port from outside of the pod.
What variables stand for is not known here. */ -}}
{{- define "slotway.reached" -}}
{{- $all := kindIs "slice" .listen | ternary .listen (list .listen) -}}
{{- range splitList "," (join "," $all) -}}
{{- $outside := not (regexMatch "^ *(127\\.|localhost:|\\[::1\\]:)" .) -}}
{{- if or (contains "${" .) (and $outside (hasSuffix (printf ":%v" $.port) (trim .))) -}}yes{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Stops with a word of why, where the probes or the service would lead to nothing. Variables
of the environment win over the file, and are not looked into. */ -}}
{{- define "slotway.check" -}}
{{- if not (contains "LISTEN" (toYaml .Values.env)) -}}
{{- $admin := dig "listen" "" (.Values.config.admin | default dict) -}}
{{- if not (include "slotway.reached" (dict "listen" $admin "port" .Values.admin.port)) -}}
{{- fail (printf "config.admin.listen has no address for probes, as \"0.0.0.0:%v\" (admin.port)" .Values.admin.port) -}}
{{- end -}}
{{- $listen := list -}}
{{- range .Values.config.pools -}}
{{- range list .listen (.tls | default dict).listen -}}
{{- $listen = kindIs "slice" . | ternary . (list .) | concat $listen -}}
{{- end -}}
{{- end -}}
{{- range prepend (.Values.service.extraPorts | default list) .Values.service -}}
{{- if not (include "slotway.reached" (dict "listen" $listen "port" .targetPort)) -}}
{{- fail (printf "no pool in config.pools has an address for the service in listen or tls.listen, as \"0.0.0.0:%v\" (targetPort)" .targetPort) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
