{{- define "slotway.name" -}}
{{- if contains "slotway" .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-slotway" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "slotway.selector" -}}
app.kubernetes.io/name: slotway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "slotway.labels" -}}
{{ include "slotway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
