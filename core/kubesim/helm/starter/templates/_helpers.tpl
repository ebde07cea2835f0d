{{/* A text as it may stand in names and labels. */}}
{{- define "<CHARTNAME>.shortened" -}}
{{- . | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The chart's name, or what replaces it. */}}
{{- define "<CHARTNAME>.name" -}}
{{- include "<CHARTNAME>.shortened" (.Values.nameOverride | default .Chart.Name) }}
{{- end }}

{{/* The name of the release's objects: release and chart, the release alone when it already names the chart. */}}
{{- define "<CHARTNAME>.fullname" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name }}
{{- $release := .Release.Name }}
{{- $usual := contains $chart $release | ternary $release (printf "%s-%s" $release $chart) }}
{{- include "<CHARTNAME>.shortened" (.Values.fullnameOverride | default $usual) }}
{{- end }}

{{/* Chart and version; a + is not allowed in labels. */}}
{{- define "<CHARTNAME>.chart" -}}
{{- include "<CHARTNAME>.shortened" (print .Chart.Name "-" .Chart.Version | replace "+" "_") }}
{{- end }}

{{/* The labels that selectors use: they never change. */}}
{{- define "<CHARTNAME>.selectorLabels" -}}
app.kubernetes.io/name: {{ include "<CHARTNAME>.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "<CHARTNAME>.labels" -}}
helm.sh/chart: {{ include "<CHARTNAME>.chart" . }}
{{ include "<CHARTNAME>.selectorLabels" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ quote . }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The service account that pods run as. */}}
{{- define "<CHARTNAME>.serviceAccountName" -}}
{{- $account := .Values.serviceAccount }}
{{- $account.name | default ($account.create | ternary (include "<CHARTNAME>.fullname" .) "default") }}
{{- end }}

{{/* name, labels and the given annotations of an object: a list of the root context, a name and the annotations. */}}
{{- define "<CHARTNAME>.metadata" -}}
name: {{ index . 1 }}
labels:
  {{- include "<CHARTNAME>.labels" (index . 0) | nindent 2 }}
{{- with index . 2 }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A line with a key and the YAML of its value, nothing when that is empty: a list of key, value and columns. */}}
{{- define "<CHARTNAME>.given" -}}
{{- with index . 1 }}
{{- toYaml . | indent 2 | print (index $ 0) ":\n" | nindent (index $ 2) }}
{{- end }}
{{- end }}
