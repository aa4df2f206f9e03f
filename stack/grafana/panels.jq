# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# panels.jq - the form of panels, variables and dashboards.
#
# Inputs: what is special to each.  Outputs: Grafana's dashboard JSON (schema of
# Grafana 11 and later).  It must not know metrics.

def datasource: {type: "prometheus", uid: "${datasource}"};

# ---- queries; `letters` gives them their refIds ----

def query(expr; legend): {expr: expr, legendFormat: legend};
# One value for each series: for stats, tables, bars.
def at_once: . + {instant: true, range: false};
def as_table: at_once + {format: "table"};

def letters: to_entries | map(.value + {
	datasource: datasource,
	editorMode: "code",
	refId: ([65 + .key] | implode),
	instant: (.value.instant // false),
	range: (.value | if has("range") then .range else true end)
});

# ---- panels; width of 24 columns, height in rows of 30 pixels ----

def panel(type; title; description; unit; width; queries): {
	type: type, title: title, description: description,
	datasource: datasource,
	gridPos: {w: width, h: 8},
	fieldConfig: {defaults: {unit: unit}, overrides: []},
	options: {},
	targets: (queries | letters)
};

def steps(first; rest): {mode: "absolute", steps: ([{color: first, value: null}] + rest)};

def time_series(title; description; unit; width; queries):
	panel("timeseries"; title; description; unit; width; queries)
	| .fieldConfig.defaults += {
		min: 0,
		color: {mode: "palette-classic"},
		custom: {drawStyle: "line", lineWidth: 1, fillOpacity: 10,
			showPoints: "auto", spanNulls: false,
			stacking: {mode: "none", group: "A"}}
	}
	| .options = {
		legend: {displayMode: "table", placement: "bottom", showLegend: true,
			calcs: ["mean", "max"]},
		tooltip: {mode: "multi", sort: "desc"}
	};

def stacked: .fieldConfig.defaults.custom += {stacking: {mode: "normal", group: "A"}, fillOpacity: 40};
def bars: .fieldConfig.defaults.custom += {drawStyle: "bars", fillOpacity: 60};
def share: .fieldConfig.defaults.max = 1;
def limit(value): .fieldConfig.defaults.thresholds = steps("green"; [{color: "red", value: value}])
	| .fieldConfig.defaults.custom.thresholdsStyle = {mode: "line"};

def stat(title; description; unit; width; queries):
	panel("stat"; title; description; unit; width; queries | map(at_once))
	| .gridPos.h = 4
	| .fieldConfig.defaults += {decimals: 0, color: {mode: "thresholds"},
		thresholds: steps("blue"; [])}
	| .options = {
		reduceOptions: {calcs: ["lastNotNull"], fields: "", values: false},
		orientation: "auto", textMode: "auto", colorMode: "value", graphMode: "none",
		justifyMode: "auto", wideLayout: true, showPercentChange: false,
		percentChangeColorMode: "standard"
	};
# Any value above 0 is an error.
def red_above_0: .fieldConfig.defaults.thresholds = steps("green"; [{color: "red", value: 0.000001}]);

def bar_gauge(title; description; unit; width; queries):
	panel("bargauge"; title; description; unit; width; queries | map(at_once))
	| .fieldConfig.defaults += {min: 0, color: {mode: "continuous-GrYlRd"}}
	| .options = {
		reduceOptions: {calcs: ["lastNotNull"], fields: "", values: false},
		orientation: "horizontal", displayMode: "gradient", valueMode: "color",
		showUnfilled: true, minVizHeight: 10, minVizWidth: 0, maxVizHeight: 300,
		namePlacement: "auto", sizing: "auto",
		legend: {displayMode: "list", placement: "bottom", showLegend: false, calcs: []}
	};

# A row for each element of the joined queries; names: the columns' titles.
def table_of(title; description; unit; width; queries; hidden; names):
	panel("table"; title; description; unit; width; queries | map(as_table))
	| .fieldConfig.defaults.custom = {align: "auto", filterable: true, inspect: false}
	| .options = {showHeader: true, cellHeight: "sm", frameIndex: 0}
	| .transformations = [
		{id: "merge", options: {}},
		{id: "organize", options: {
			excludeByName: (hidden | map({key: ., value: true}) | from_entries),
			renameByName: names}}
	];

# Cumulative buckets over time.
def heatmap(title; description; unit; width; queries):
	panel("heatmap"; title; description; unit; width; queries | map(. + {format: "heatmap"}))
	| del(.fieldConfig.defaults.unit)
	| .options = {
		calculate: false,
		cellGap: 1,
		color: {mode: "scheme", scheme: "Oranges", scale: "exponential", exponent: 0.5,
			steps: 64, reverse: false, fill: "dark-orange"},
		yAxis: {axisPlacement: "left", unit: unit, reverse: false},
		rowsFrame: {layout: "auto"},
		filterValues: {le: 1e-9},
		showValue: "never",
		legend: {show: true},
		tooltip: {mode: "single", yHistogram: false, showColorScale: true},
		exemplars: {color: "rgba(255,0,255,0.7)"}
	};

# A bar for each value of the row label, with a part for each value of the column label.
def stacked_bars(title; description; unit; width; queries; row; column):
	panel("barchart"; title; description; unit; width; queries | map(as_table))
	| .fieldConfig.defaults += {
		color: {mode: "palette-classic"}, min: 0,
		custom: {fillOpacity: 80, lineWidth: 1, gradientMode: "none", axisPlacement: "auto"}
	}
	| .options = {
		orientation: "horizontal", stacking: "normal", xField: "\(row)\\\(column)",
		showValue: "never", groupWidth: 0.7, barWidth: 0.9, xTickLabelRotation: 0,
		xTickLabelMaxLength: 0, fullHighlight: false,
		legend: {displayMode: "list", placement: "bottom", showLegend: true, calcs: []},
		tooltip: {mode: "multi", sort: "none"}
	}
	| .transformations = [{id: "groupingToMatrix",
		options: {rowField: row, columnField: column, valueField: "Value", emptyValue: "zero"}}];

def heading(title): {type: "row", title: title, collapsed: false, panels: [], gridPos: {w: 24, h: 1}};

# Numbers the panels and places them from left to right, row by row.
def laid_out: reduce .[] as $panel ({panels: [], x: 0, y: 0, row: 0};
	(if .x + $panel.gridPos.w > 24 then {panels, x: 0, y: (.y + .row), row: 0} else . end)
	| .panels += [$panel
		| .id = null | .gridPos = {h: $panel.gridPos.h, w: $panel.gridPos.w, x: 0, y: 0}]
	| .panels[-1].gridPos += {x: .x, y: .y}
	| .panels[-1].id = (.panels | length)
	| .x += $panel.gridPos.w
	| .row = ([.row, $panel.gridPos.h] | max)
	) | .panels;

# ---- variables ----

def datasource_variable: {
	name: "datasource", label: "Data source", type: "datasource", query: "prometheus",
	current: {selected: true, text: "Prometheus", value: "prometheus"}, hide: 0, includeAll: false, multi: false, options: [], refresh: 1,
	regex: "", skipUrlSync: false
};

# The values of a label; several can be selected, at first all are.
def label_variable(name; title; series; key): {
	name: name, label: title, type: "query", datasource: datasource,
	definition: "label_values(\(series), \(key))",
	query: {qryType: 1, query: "label_values(\(series), \(key))",
		refId: "PrometheusVariableQueryEditor-VariableQuery"},
	current: {selected: true, text: ["All"], value: ["$__all"]},
	hide: 0, includeAll: true, allValue: ".*", multi: true, options: [],
	refresh: 2, regex: "", skipUrlSync: false, sort: 1
};

# ---- the whole ----

def link_to(title; uid): {
	title: title, type: "link", url: "/d/\(uid)", icon: "dashboard", tags: [], tooltip: "",
	asDropdown: false, includeVars: true, keepTime: true, targetBlank: false
};

def dashboard(uid; title; description; links; variables; panels): {
	uid: uid, title: title, description: description, tags: ["redtap"],
	schemaVersion: 39, version: 1, id: null, editable: false, graphTooltip: 1,
	fiscalYearStartMonth: 0, liveNow: false, timezone: "browser", weekStart: "",
	refresh: "10s", time: {from: "now-30m", to: "now"}, timepicker: {},
	annotations: {list: [{
		builtIn: 1, datasource: {type: "grafana", uid: "-- Grafana --"}, enable: true,
		hide: true, iconColor: "rgba(0, 211, 255, 1)", name: "Annotations & Alerts",
		type: "dashboard"}]},
	links: links,
	templating: {list: variables},
	panels: (panels | laid_out)
};
