{{/* The labels by which Services and budgets find the pods of one part; call it with (list . "frontend"). */}}
{{- define "shop.selector" -}}
{{- $top := index . 0 -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ $top.Release.Name }}
{{- end -}}

{{- define "shop.labels" -}}
{{- $top := index . 0 -}}
helm.sh/chart: {{ $top.Chart.Name }}-{{ $top.Chart.Version }}
{{ include "shop.selector" . }}
app.kubernetes.io/part-of: shop
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
stage: {{ $top.Values.stage }}
{{- end -}}

{{- define "shop.part" -}}
{{ (index . 0).Release.Name }}-{{ index . 1 }}
{{- end -}}
