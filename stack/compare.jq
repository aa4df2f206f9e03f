# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# compare.jq - compares Prometheus's results for a load with the load generator's own
# counts.
#
# Inputs (--slurpfile, one document each): load, what `load --json` printed;
# counts, rates, quantiles, results of Prometheus's query API.  --argjson seconds:
# how long the load ran.  Output: one object, {equal, differences, rows}, where
# each item of differences and rows is a line of tab-separated columns.  It must not
# know how the load was made.

def share(part; whole): if whole > 0 then 100 * part / whole else 0 end;
def fixed(digits):
	if . == null or isnan then "-"
	else (. * pow(10; digits) | round | tostring) as $n
	| if digits == 0 then $n
	  else ("0" * (digits + 1 - ($n | length)) // "") + $n | .[:-digits] + "." + .[-digits:]
	  end
	end;

# [{key, value}] of a result; key is "METHOD route" or "METHOD route status".
def samples(labels): .[0].data.result
	| map({key: (.metric as $m | labels | map($m[.] // "none") | join(" ")),
	       value: (.value[1] | tonumber)});
def summed: group_by(.key) | map({key: .[0].key, value: (map(.value) | add)}) | from_entries;

["http_request_method", "http_route"] as $route
| ($route + ["http_response_status_code"]) as $status
| ($counts | samples($status) | map(select(.value > 0)) | summed) as $seen
| ($load[0] | map(. as $row | .statuses | to_entries
	| map({key: "\($row.method) \($row.route) \(.key)", value})) | add // []
	| map(select(.value > 0)) | summed) as $sent
| ($counts | samples($route) | summed) as $seen_by_route
| ([$counts[0] | {data: {result: (.data.result | map(select(.metric.error_type)))}}]
	| samples($route) | summed) as $errors
| ($rates | samples($route) | summed) as $rate
| ($quantiles | samples($route) | from_entries) as $p99
| ([($seen, $sent) | keys[]] | unique
	| map(select($seen[.] != $sent[.])
	| "\(.)\t\($seen[.] // 0)\t\($sent[.] // 0)")) as $differences
| {
	equal: ($differences == [] and ($sent | length) > 0),
	differences: $differences,
	rows: ($load[0] | sort_by(-.count) | map("\(.method) \(.route)" as $key | [
		.method, .route,
		($seen_by_route[$key] // 0 | fixed(0)), (.count | fixed(0)),
		($rate[$key] | fixed(1)), (.count / $seconds | fixed(1)),
		(share($errors[$key] // 0; $seen_by_route[$key] // 0) | fixed(1)),
		(share(.errors; .count) | fixed(1)),
		($p99[$key] | if . then . * 1000 else . end | fixed(2)),
		(.p99_s | if . then . * 1000 else . end | fixed(2)),
		(if $seen_by_route[$key] == .count and ($errors[$key] // 0) == .errors
		 then "equal" else "DIFFERENT" end)
	] | join("\t")))
}
