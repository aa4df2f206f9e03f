# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The dashboard redtap RED: rate, errors, duration per method and route, and
# where the time goes.  `make dashboards` makes dashboards/redtap-red.json from it.

include "panels";

# What the variables select; phases have no method.
def of_service: "service_name=~\"$service\"";
def of_route: of_service + ", http_route=~\"$route\"";
def of_request: of_route + ", http_request_method=~\"$method\"";

def duration(part; more): "http_server_request_duration_seconds_\(part){\(of_request)\(more)}";
def phase(part; more): "http_server_request_phase_seconds_\(part){\(of_route)\(more)}";
def accept_wait(part): "http_server_accept_wait_seconds_\(part){\(of_service)}";

def per_request(operation): "sum by (http_request_method, http_route) (\(operation))";
def request_legend: "{{http_request_method}} {{http_route}}";

# The exact growth in 24 hours.  increase() extrapolates, so it is used only if the
# counter was reset.
def growth_24h(series): "((max_over_time(\(series)[24h]) - min_over_time(\(series)[24h])) and resets(\(series)[24h]) == 0 or increase(\(series)[24h]))";

# Without such requests there is no series; the result must be 0.
def share_of(more): "(\(per_request("rate(" + duration("count"; more) + "[$__rate_interval])"))"
	+ " or 0 * \(per_request("rate(" + duration("count"; "") + "[$__rate_interval])")))"
	+ " / (\(per_request("rate(" + duration("count"; "") + "[$__rate_interval])")) > 0)";

def mean(by; sum; count; window): "sum by (\(by)) (rate(\(sum)[\(window)]))"
	+ " / (sum by (\(by)) (rate(\(count)[\(window)])) > 0)";

def quantile(q; by; bucket; window):
	"histogram_quantile(\(q), sum by (\(by)) (rate(\(bucket)[\(window)])))";

dashboard("redtap-red"; "redtap RED";
	"Rate, errors and duration of HTTP requests, measured in the kernel by redtap: from the arrival of a request's first byte at the server's socket to the last byte of the response handed to the kernel.";
	[link_to("redtap itself"; "redtap-itself")];
	[
		datasource_variable,
		label_variable("service"; "Service"; "http_server_request_duration_seconds_count"; "service_name"),
		label_variable("route"; "Route"; "http_server_request_duration_seconds_count{\(of_service)}"; "http_route"),
		label_variable("method"; "Method"; "http_server_request_duration_seconds_count{\(of_route)}"; "http_request_method")
	];
	[
		stat("Total requests (24 h)";
			"Requests of the last 24 hours, exactly; after a restart of the exporter within that time, as increase() estimates it.";
			"short"; 6;
			[query("sum(\(growth_24h(duration("count"; ""))))"; "requests")]),
		stat("Requests per status code (24 h)";
			"Likewise by status code; none: the client gave up, or the server closed without a response.";
			"short"; 18;
			[query("label_replace(sum by (http_response_status_code) (\(growth_24h(duration("count"; "")))), \"http_response_status_code\", \"none\", \"http_response_status_code\", \"\")";
				"{{http_response_status_code}}")]),

		heading("Rate and errors"),
		time_series("Requests per second"; "Requests with and without a response, per method and route."; "reqps"; 12;
			[query(per_request("rate(" + duration("count"; "") + "[$__rate_interval])"); request_legend)]),
		(time_series("Requests count"; "How many requests there were in each step of the rate's interval."; "short"; 12;
			[query(per_request("increase(" + duration("count"; "") + "[$__rate_interval])"); request_legend)]) | bars),
		(time_series("Share of 2xx"; "Of the requests at that time, the part with a status of 200 to 299."; "percentunit"; 8;
			[query(share_of(", http_response_status_code=~\"2..\""); request_legend)]) | share),
		(time_series("Share of 5xx"; "Of the requests at that time, the part with a status of 500 to 599."; "percentunit"; 8;
			[query(share_of(", http_response_status_code=~\"5..\""); request_legend)]) | share),
		(time_series("Share of errors"; "Of the requests at that time, the part with an error_type: a status from 500 on, client_abort (the client gave up), no_response (the server closed without a response)."; "percentunit"; 8;
			[query("sum by (service_name, error_type) (rate(\(duration("count"; ", error_type!=\"\""))[$__rate_interval])) / on (service_name) group_left () (sum by (service_name) (rate(\(duration("count"; ""))[$__rate_interval])) > 0)";
				"{{service_name}} {{error_type}}")]) | share | stacked),

		heading("Duration"),
		bar_gauge("Average duration per route"; "Mean duration per method and route over the whole time shown."; "s"; 8;
			[query(mean("http_request_method, http_route"; duration("sum"; ""); duration("count"; ""); "$__range"); request_legend)]),
		time_series("Average duration"; "Mean duration of the requests at that time, per method and route."; "s"; 8;
			[query(mean("http_request_method, http_route"; duration("sum"; ""); duration("count"; ""); "$__rate_interval"); request_legend)]),
		(table_of("Duration distribution"; "Durations that 50, 90 and 99 of 100 requests do not exceed, over the whole time shown. The counts are exact at each bucket's boundary; inside a bucket Prometheus interpolates."; "s"; 8;
			[
				query(quantile(0.5; "http_request_method, http_route, le"; duration("bucket"; ""); "$__range"); "PR50"),
				query(quantile(0.9; "http_request_method, http_route, le"; duration("bucket"; ""); "$__range"); "PR90"),
				query(quantile(0.99; "http_request_method, http_route, le"; duration("bucket"; ""); "$__range"); "PR99")
			];
			["Time"];
			{http_request_method: "Method", http_route: "Route",
			 "Value #A": "PR50", "Value #B": "PR90", "Value #C": "PR99"})),
		heatmap("Latency heatmap"; "How many requests took how long, over time."; "s"; 12;
			[query("sum by (le) (increase(\(duration("bucket"; ""))[$__rate_interval]))"; "{{le}}")]),
		time_series("PR99 per route"; "The duration that 99 of 100 requests at that time do not exceed."; "s"; 12;
			[query(quantile(0.99; "http_request_method, http_route, le"; duration("bucket"; ""); "$__rate_interval"); request_legend)]),

		heading("Where the time goes"),
		stacked_bars("Where the time goes, per route";
			"Mean seconds of a request in each phase over the whole time shown. queue: the request waited in the socket while the application was busy; service: the application worked; send: the response was written; deliver: until the client had acknowledged it (if redtap runs with --phases deliver). queue, service and send add up to the duration."; "s"; 12;
			[query(mean("http_route, phase"; phase("sum"; ""); phase("count"; ""); "$__range"); "{{http_route}} {{phase}}")];
			"http_route"; "phase"),
		(time_series("Where the time goes"; "Mean seconds of a request in each phase, over time, all selected routes together."; "s"; 12;
			[query(mean("phase"; phase("sum"; ""); phase("count"; ""); "$__rate_interval"); "{{phase}}")]) | stacked),
		(time_series("Saturation"; "The part of their duration that requests wait for a worker. Above a half, they wait longer than they are worked on: add workers, or make handlers faster."; "percentunit"; 8;
			[query("sum by (service_name) (rate(\(phase("sum"; ", phase=\"queue\""))[$__rate_interval])) / (sum by (service_name) (rate(http_server_request_duration_seconds_sum{\(of_route)}[$__rate_interval])) > 0)";
				"{{service_name}}")]) | share | limit(0.5)),
		time_series("Accept wait"; "How long connections waited in the listen backlog before the application accepted them (if redtap runs with --phases accept)."; "s"; 8;
			[
				query(mean("service_name"; accept_wait("sum"); accept_wait("count"); "$__rate_interval"); "{{service_name}} mean"),
				query(quantile(0.99; "service_name, le"; accept_wait("bucket"); "$__rate_interval"); "{{service_name}} PR99")
			]),
		time_series("Active requests"; "Requests in flight, and open connections, at the last flush."; "short"; 8;
			[
				query("sum by (service_name) (http_server_active_requests{\(of_service)})"; "{{service_name}} requests"),
				query("sum by (service_name) (http_server_open_connections{\(of_service)})"; "{{service_name}} connections")
			]),
		time_series("Request bodies"; "Bytes of request bodies per second, per method and route."; "Bps"; 12;
			[query(per_request("rate(http_server_request_body_size_bytes_sum{\(of_request)}[$__rate_interval])"); request_legend)]),
		time_series("Response bodies"; "Bytes of response bodies per second, per method and route."; "Bps"; 12;
			[query(per_request("rate(http_server_response_body_size_bytes_sum{\(of_request)}[$__rate_interval])"); request_legend)])
	])
