# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The dashboard redtap itself: whether redtap's numbers are complete.  `make
# dashboards` makes dashboards/redtap-itself.json from it.

include "panels";

# An event that has never happened has no series; the panel must show 0.
def or_0(expr): "(\(expr)) or vector(0)";
def growth(series): "increase(\(series)[$__rate_interval])";

dashboard("redtap-itself"; "redtap itself";
	"Whether redtap's numbers are complete: its ledger, what it costs, and whether all of it arrives in the exporter.";
	[link_to("redtap RED"; "redtap-red")];
	[
		datasource_variable,
		label_variable("service"; "Service"; "redtap_info"; "service_name")
	];
	[
		table_of("Watched services"; "Services that are watched now, with redtap's version, the kind of its hooks and the kernel."; "short"; 12;
			[query("max by (service_name, version, hooks, kernel) (redtap_info{service_name=~\"$service\"})"; "{{service_name}}")];
			["Time", "Value"];
			{service_name: "Service", version: "redtap", hooks: "Hooks", kernel: "Kernel"}),
		table_of("Firing alerts"; "Alerts of redtap's rules that fire now. Empty: all is well."; "short"; 12;
			[query("max by (alertname, severity, service_name, http_route, reason) (ALERTS{alertstate=\"firing\", alertname=~\"(Http|Redtap|Exporter).*\"})"; "{{alertname}}")];
			["Time", "Value"];
			{alertname: "Alert", severity: "Severity", service_name: "Service", http_route: "Route", reason: "Reason"}),

		heading("Ledger: seen = counted + in flight + lost"),
		stat("Requests seen"; "Requests that redtap saw begin, over the time shown."; "short"; 6;
			[query("sum(increase(redtap_requests_seen[$__range]))"; "seen")]),
		stat("Requests counted"; "Requests that are in the metrics, over the time shown."; "short"; 6;
			[query("sum(increase(redtap_requests_counted[$__range]))"; "counted")]),
		(stat("Requests lost"; "Requests seen that could not be counted, over the time shown; by reason below."; "short"; 6;
			[query("sum(increase(redtap_requests_lost[$__range]))"; "lost")]) | red_above_0),
		stat("In flight"; "Requests without a response yet, at the last flush."; "short"; 6;
			[query("sum(http_server_active_requests{service_name=~\"$service\"})"; "in flight")]),
		time_series("Ledger"; "Requests per second as redtap saw them begin, counted them, lost them."; "reqps"; 12;
			[
				query("sum(rate(redtap_requests_seen[$__rate_interval]))"; "seen"),
				query("sum(rate(redtap_requests_counted[$__rate_interval]))"; "counted"),
				query("sum(rate(redtap_requests_lost[$__rate_interval]))"; "lost")
			]),
		(time_series("Lost requests"; "Requests seen that could not be counted, by reason."; "short"; 12;
			[query("sum by (reason) (\(growth("redtap_requests_lost")))"; "{{reason}}")]) | bars),
		(time_series("Approximate requests"; "Requests that were counted, but not exactly, by reason: attached_late ones had arrived before redtap attached, route_other ones are counted under the route other."; "short"; 12;
			[query("sum by (reason) (\(growth("redtap_requests_approximate")))"; "{{reason}}")]) | bars),
		(time_series("Ignored connections"; "Connections, or responses on them, outside the ledger, by reason: TLS, HTTP/2, no HTTP at all."; "short"; 12;
			[query("sum by (reason) (\(growth("redtap_connections_ignored")))"; "{{reason}}")]) | bars),

		heading("Size and cost"),
		time_series("Flush time"; "How long it took to read the kernel's counters and send them, at each flush."; "s"; 8;
			[query("max(redtap_flush_seconds)"; "flush")]),
		time_series("Series"; "Combinations of service, method, route and status that redtap keeps; --max-series is their limit."; "short"; 8;
			[query("sum(redtap_series)"; "series")]),
		time_series("Connections and processes"; "What redtap watches."; "short"; 8;
			[query("sum(redtap_connections)"; "connections"), query("sum(redtap_processes)"; "processes")]),

		heading("On the way to Prometheus"),
		(time_series("Packets lost before the exporter"; "Of the StatsD packets that a redtap has sent in the last five minutes, the part that the exporter did not receive. Each packet carries a counter of 1, and redtap sends its own count: the exporter's metrics do not show what the kernel dropped."; "percentunit"; 8;
			[query("sender:redtap_statsd_loss:ratio5m"; "{{sender}}")]) | share),
		(time_series("Failed sends"; "Datagrams that redtap could not send, and connections that failed, because the exporter was not reachable; and the lines that were lost."; "short"; 8;
			[
				query("sum(\(growth("redtap_statsd_errors")))"; "failed"),
				query("sum(\(growth("redtap_statsd_dropped")))"; "lines lost")
			]) | bars),
		(time_series("Packets dropped by the exporter"; "Packets that arrived while the exporter's own queue was full."; "short"; 8;
			[query(or_0("sum(\(growth("statsd_exporter_udp_packet_drops_total")))"); "dropped")]) | bars),
		time_series("Lines"; "StatsD lines per second that the exporter has received, from any sender."; "cps"; 8;
			[query("sum(rate(statsd_exporter_lines_total[$__rate_interval]))"; "lines")]),
		(time_series("Rejected lines"; "Lines that the exporter could not use, by cause; conflict: the name has another type already."; "short"; 8;
			[
				query(or_0("sum(\(growth("statsd_exporter_sample_errors_total")))"); "sample"),
				query(or_0("sum(\(growth("statsd_exporter_tag_errors_total")))"); "tag"),
				query(or_0("sum(\(growth("statsd_exporter_events_conflict_total")))"); "conflict")
			]) | bars),
		time_series("Exporters up"; "Exporters that Prometheus scrapes as the job redtap, and those of them that are up."; "short"; 8;
			[
				query("count(up{job=\"redtap\"})"; "known"),
				query("sum(up{job=\"redtap\"})"; "up")
			])
	])
