#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# test_stack.sh - the scripts of stack/ except deps.sh, which has test_deps.sh.
#
# Input: BUILD with tools/statsd_exporter, or statsd_exporter on PATH; prometheus, curl
# and jq on PATH.  Output: see testing.sh.  It needs neither redtap nor root.
# tests_run calls the tests by name, which shellcheck does not see.
# shellcheck disable=SC2317
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "${BASH_SOURCE[0]}")/testing.sh"
# shellcheck source-path=SCRIPTDIR source=stacks.sh
. "$(dirname "${BASH_SOURCE[0]}")/stacks.sh"

# lines SERVICE REQUESTS: lines as redtap writes them, for so many fast requests of a route
# and as many slow ones.
lines() {
	local name=http.server.request.duration.seconds
	local tags="service_name:$1,http_request_method:GET,http_route:/users/{id}"

	tags+=",http_response_status_code:200"
	printf '%s\n' "$name.bucket:0|c|#$tags,le:0.5" "$name.bucket:$2|c|#$tags,le:1.0" \
		"$name.bucket:$(($2 * 2))|c|#$tags,le:2.5" \
		"$name.bucket:$(($2 * 2))|c|#$tags,le:+Inf" \
		"$name.count:$(($2 * 2))|c|#$tags" "$name.sum:$2.000000001|c|#$tags"
	printf '%s' "http.server.active_requests:3|g|#service_name:$1"
}

test_lines_to_prometheus() {
	local name=http_server_request_duration_seconds page

	run_stack start one --free-ports --scrape-interval 200ms
	run_stack start two --free-ports --scrape-interval 200ms
	send one "$(lines a 30)"
	send one "$(lines a 20)"
	send two "$(lines b 7)"
	expect_value one "${name}_count" 100
	expect_value two "${name}_count" 14
	expect_value one "${name}_count{service_name='a',http_route='/users/{id}'}" 100
	expect_value one "${name}_bucket{le='1.0'}" 50
	expect_value one "${name}_sum" 50.000000002
	expect_value one "histogram_quantile(0.25, ${name}_bucket)" 0.75
	expect_value one "http_server_active_requests" 3
	page=$(get "$(value one EXPORTER_URL)/metrics")
	expect_text "$page" "# TYPE ${name}_bucket counter" "# TYPE ${name}_count counter" \
		"# HELP ${name}_count Requests." "# TYPE http_server_active_requests gauge"
	expect_text "$page" 'statsd_exporter_lines_total 14' 'statsd_exporter_samples_total 14'
	[[ $page != *events_conflict* ]] || die "names are in conflict"
}

# By the socket only its owner can send: by UDP, one such datagram of any user ends the exporter.
test_statsd_socket() {
	local socket udp

	run_stack start one --free-ports --statsd-socket
	socket=$(value one STATSD_SOCKET)
	expect "$(stat --format %a "$socket")" 600
	expect "$(value one STATSD_PORT)" ""
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), sys.argv[1])' \
		"$socket" "test.lines:3|c"
	is_counted() { [[ $(get "$(value one EXPORTER_URL)/metrics") == *"test_lines 3"* ]]; }
	wait_until 5 is_counted || die "the line did not arrive"
	udp=$(ss --udp --listening --numeric --processes --no-header | grep -c "pid=$(value one EXPORTER_PID)," || true)
	expect "$udp" 0
	# One that is killed leaves its socket.
	kill -KILL "$(value one EXPORTER_PID)"
	run_stack stop one
	run_stack start one --free-ports --statsd-socket
	run_stack stop one
	[[ ! -e $SCRATCH/one ]] || die "left: $(ls "$SCRATCH/one")"
}

# Every metric by its StatsD name, and its type.
metric_names() {
	local name

	for name in http.server.request.duration.seconds http.server.request.phase.seconds \
		http.server.accept.wait.seconds http.client.request.duration.seconds; do
		printf '%s c\n' "$name.bucket" "$name.sum" "$name.count"
		printf '%s ms\n' "timed.$name"
	done
	printf '%s c\n' http.{server,client}.{request,response}.body.size.bytes.{sum,count} \
		redtap.requests.{seen,counted,lost,approximate} redtap.connections.ignored redtap.hook.missed \
		redtap.statsd.{errors,dropped,received} redtap.output.dropped flask.request_status_total
	printf '%s g\n' http.server.{active_requests,open_connections} \
		redtap.{info,series,connections,processes,flush.seconds,statsd.sent,statsd.backlog} flask.info
	printf '%s ms\n' flask.request_duration_seconds
}

# The mapping describes each metric that redtap sends.  The timers go to a second
# exporter, because one name is either counters or a histogram.
test_each_metric_has_help() {
	local name type stack underscored page count=0

	run_stack start one --free-ports
	run_stack start two --free-ports
	while read -r name type; do
		[[ $name == timed.* ]] && stack=two || stack=one
		send "$stack" "${name#timed.}:1|$type|#service_name:a,reason:b"
	done < <(metric_names)
	# This includes the summary's three quantiles, sum and count.
	expect_value one 'count({service_name="a",job="redtap"})' 46
	page=$(get "$(value one EXPORTER_URL)/metrics" "$(value two EXPORTER_URL)/metrics")
	while read -r name type; do
		underscored=${name#timed.} underscored=${underscored//./_}
		grep -q "^# HELP $underscored [^M]" <<<"$page" || die "$underscored has no help text"
		[[ $name != timed.* ]] || grep -q "^# TYPE $underscored histogram" <<<"$page" ||
			die "the timer $underscored is not a histogram"
		count=$((count + 1))
	done < <(metric_names)
	expect "$count" "$(grep -c '^  - match:' "$TOP/stack/statsd_mapping.yml")"
	! grep 'HELP.*autogenerated' <<<"$page" || die "metrics without a mapping"
	# Timers have the same boundaries as the counters.
	expect_text "$page" 'http_server_request_duration_seconds_bucket{reason="b",service_name="a",le="0.00025"} 0' \
		'flask_request_duration_seconds{reason="b",service_name="a",quantile="0.99"} 0.001'
}

# A counter that expires would start again at 0.
test_counters_never_expire() {
	awk '
		/^  - match:/ { name = $3; ttl = "" }
		/^    ttl:/ { print name }' "$TOP/stack/statsd_mapping.yml" >"$SCRATCH/expiring"
	expect "$(sort "$SCRATCH/expiring" | tr '\n' ' ')" "flask.info http.server.active_requests\
 http.server.open_connections redtap.connections redtap.flush.seconds redtap.info\
 redtap.processes redtap.series redtap.statsd.backlog redtap.statsd.received\
 redtap.statsd.sent "
	grep -A 1 '^defaults:' "$TOP/stack/statsd_mapping.yml" | grep -q '^  ttl: 0s$'
}

test_prometheus_files() {
	promtool check config "$TOP/stack/prometheus.yml"
	promtool check rules "$TOP/stack/rules/redtap.yml"
	promtool test rules "$TOP/stack/rules/redtap_test.yml"
	run_stack start one --free-ports --scrape-interval 200ms
	promtool check config "$SCRATCH/one/prometheus.yml"
	# It has the given interval and the rules, and no container name.
	get "$(value one PROMETHEUS_URL)/api/v1/status/config" | jq --raw-output .data.yaml \
		>"$SCRATCH/config"
	expect "$(grep -c 'scrape_interval: 200ms' "$SCRATCH/config")" 2
	expect "$(grep -c 'evaluation_interval: 200ms' "$SCRATCH/config")" 1
	! grep -q statsd_exporter "$SCRATCH/config" || die "the configuration still names the container"
	expect "$(get "$(value one PROMETHEUS_URL)/api/v1/rules" |
		jq '[.data.groups[].rules[]] | length')" \
		"$(grep -cE '^ +- (record|alert):' "$TOP/stack/rules/redtap.yml")"
}

# Each alert has a promtool test in which it fires.
test_each_alert_has_tests() {
	local alert

	while read -r alert; do
		grep -A 3 "alertname: $alert\$" "$TOP/stack/rules/redtap_test.yml" |
			grep -q 'exp_labels' || die "no test in which $alert fires"
	done < <(sed -n 's/^ *- alert: //p' "$TOP/stack/rules/redtap.yml")
}

# pinned NAME: the value of a variable in stack/.env.
pinned() {
	sed -n "s/^$1=//p" "$TOP/stack/.env"
}

# The compose file as docker would read it: images, rights, health checks and files.
test_compose() {
	local file image source

	[[ -x $BUILD/tools/compose_config ]] ||
		skip "no $BUILD/tools/compose_config: building it needs Go 1.24, see stack/deps.sh"
	file=$SCRATCH/compose.json
	env -u DEBIAN_VERSION "$BUILD/tools/compose_config" "$TOP/stack/compose.yaml" >"$file"
	expect "$(jq --raw-output '.services | keys | join(" ")' "$file")" \
		"flask grafana prometheus redtap statsd_exporter webapp"
	for image in "statsd_exporter prom/statsd-exporter:$(pinned STATSD_EXPORTER_VERSION)" \
		"prometheus prom/prometheus:$(pinned PROMETHEUS_VERSION)" \
		"grafana grafana/grafana:$(pinned GRAFANA_VERSION)"; do
		expect "$(jq --raw-output ".services.${image% *}.image" "$file")" "${image#* }"
	done
	expect "$(jq '[.services[] | select(.restart == "unless-stopped" and .healthcheck.test)]
		| length' "$file")" 6
	# What depends on it starts within seconds.
	expect "$(jq '[.services[].healthcheck | select(.start_interval == "1s" and .start_period)]
		| length' "$file")" 6
	expect "$(jq --compact-output '.services.redtap.healthcheck.test' "$file")" '["CMD","redtap","health"]'
	expect "$(jq --compact-output '.services.redtap | [.pid, .cap_drop, .cap_add, .read_only,
		(.volumes[] | .target, .read_only)]' "$file")" \
		'["host",["ALL"],["BPF","PERFMON","SYS_PTRACE","DAC_READ_SEARCH"],true,"/sys/kernel/btf",true,"/sys/kernel/tracing",true]'
	expect "$(jq --compact-output '.volumes | keys' "$file")" '["grafana_data","prometheus_data"]'
	# Ports are published on this machine only, and what is mounted exists.
	expect "$(jq '[.services[].ports[]? | select(.host_ip != "127.0.0.1")] | length' "$file")" 0
	while read -r source; do
		[[ -e $source ]] || die "'$source' is mounted, but does not exist"
	done < <(jq --raw-output '.services[].volumes[]? | select(.type == "bind").source' "$file")
	# run.sh uses the same options.
	while read -r source; do
		grep -q -- "$source" "$TOP/stack/run.sh" || die "run.sh has no $source"
	done < <(jq --raw-output '.services.statsd_exporter.command[], .services.prometheus.command[]
		| select(test("listen|retention") | not) | split("=")[0] +
		  (if startswith("--statsd.read") then "=" + split("=")[1] else "" end)' "$file")
}

# compose_config refuses a file that docker would refuse.
test_compose_is_checked() {
	[[ -x $BUILD/tools/compose_config ]] || skip "no $BUILD/tools/compose_config"
	cp "$TOP/stack/.env" "$SCRATCH"
	sed 's/pid: host/pidd: host/' "$TOP/stack/compose.yaml" >"$SCRATCH/compose.yaml"
	expect_text "$(fails 1 "$BUILD/tools/compose_config" "$SCRATCH/compose.yaml")" pidd
}

# steps STAGE: the RUN and COPY steps of a stage of the Dockerfile, one a line.
steps() {
	sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' "$TOP/stack/Dockerfile" |
		awk -v stage="$1" '
			$1 == "FROM" { inside = $NF == stage }
			inside && ($1 == "RUN" || $1 == "COPY")'
}

# The build stage without docker: deps.sh knows the packages that it installs, the tree is
# copied, its commands are run, and the files that other stages take exist.
test_image_builds() {
	local step package

	mkdir "$SCRATCH/src"
	while read -r step; do
		case $step in
		'RUN apt-get update && apt-get install -y --no-install-recommends '*)
			for package in ${step#*recommends}; do
				sed -n '/^build /p' "$TOP/stack/deps.sh" |
					grep -qE "[|/ ]$package( |\$)" ||
					die "deps.sh does not know the image's package $package"
			done
			;;
		'COPY . .')
			tar -C "$TOP" --exclude-from="$TOP/.dockerignore" -cf - . |
				tar -C "$SCRATCH/src" -xf -
			;;
		RUN\ *) (cd "$SCRATCH/src" && sh -e -c "${step#RUN }") ;;
		*) die "this test does not know the step '$step' of the build stage" ;;
		esac
	done < <(steps build)
	for step in redtap webapp; do
		package=$(steps "$step" | sed -n 's,COPY --from=build /src/\([^ ]*\) .*,\1,p')
		[[ -x $SCRATCH/src/$package ]] || die "the build does not make '$package'"
	done
	expect_text "$("$SCRATCH/src/image/redtap" version)" redtap
	expect_text "$("$SCRATCH/src/image/webapp" --help)" usage
	package=$(steps flask | sed -n 's,COPY \([^ ]*\) .*,\1,p')
	/usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$TOP/$package"
}

# The load sends the requests that it announces; webapp has their routes.
test_load() {
	local port web words

	[[ -x $BUILD/webapp ]] || skip "no $BUILD/webapp"
	port=$(port_choose tcp)
	"$BUILD/webapp" --port "$port" --workers 32 >/dev/null &
	web=$!
	wait_until 10 port_is_taken tcp "$port"
	words=$("$TOP/stack/load" --url "http://127.0.0.1:$port" --rounds 2 --clients 66 \
		2>"$SCRATCH/progress")
	kill "$web"
	expect "$(awk '{ count[$1] += $3 } END { for (path in count) print path, count[path] }' \
		<<<"$words" | sort | tr '\n' ' ')" \
		"/ 20 /cpu_task 10 /io_task 10 /random_sleep 6 /random_status 20 "
	expect "$(tail -n 1 "$SCRATCH/progress")" "load: 66 of 66 requests, round 2 of 2"
	expect_text "$(fails 1 "$TOP/stack/load" --url http://127.0.0.1:1 --rounds 1)" \
		"no server responds at 'http://127.0.0.1:1'"
	expect_text "$(fails 2 "$TOP/stack/load" --rounds 0)" "'0'"
	expect_text "$(fails 2 "$TOP/stack/load" --url ftp://x)" "'ftp://x'"
	expect_text "$(fails 2 "$TOP/stack/load" --nonsense x)" "'--nonsense'"
}

# process_of NAME: its pid and start time, for process_is.
process_of() {
	echo "$(value one "$1_PID") $(value one "$1_START_TIME")"
}

# shellcheck disable=SC2086 # pid and start time are two words
test_stop_leaves_nothing() {
	local exporter prometheus

	run_stack start one --free-ports
	expect_text "$(run_stack status one)" "PROMETHEUS_PID=$(value one PROMETHEUS_PID)"
	exporter=$(process_of EXPORTER) prometheus=$(process_of PROMETHEUS)
	process_is $exporter
	process_is $prometheus
	expect_text "$(fails 1 run_stack start one --free-ports)" "already running"
	run_stack stop one
	process_is_gone $exporter
	process_is_gone $prometheus
	[[ ! -e $SCRATCH/one ]] || die "left: $(ls "$SCRATCH/one")"
	fails 1 run_stack status one
	run_stack stop one
}

test_taken_port_is_named() {
	local port

	run_stack start one --free-ports
	port=$(value one STATSD_PORT)
	expect_text "$(fails 1 run_stack start two --statsd-port "$port")" "udp port $port" taken
	port=$(value one EXPORTER_PORT)
	expect_text "$(fails 1 run_stack start two --statsd-port "$(port_choose udp)" \
		--exporter-port "$port")" "tcp port $port" taken
	expect_text "$(fails 1 run_stack start two --statsd-port "$(port_choose udp)" \
		--exporter-port "$(port_choose tcp)" --prometheus-port "$port")" \
		"tcp port $port" taken
	[[ ! -e $SCRATCH/two/stack.env ]]
	run_stack status one
}

test_bad_usage() {
	expect_text "$(fails 2 run_stack start one --statsd-port 65536)" "'65536'"
	expect_text "$(fails 2 run_stack start one --statsd-port 0)" "'0'"
	expect_text "$(fails 2 run_stack start one --scrape-interval 1)" "'1'"
	expect_text "$(fails 2 run_stack start one --nonsense x)" "'--nonsense'"
	expect_text "$(fails 2 run_stack restart one)" "'restart'"
	[[ ! -e $SCRATCH/one ]]
}

# shellcheck disable=SC2086 # likewise
test_one_of_two_died() {
	local exporter

	run_stack start one --free-ports
	exporter=$(process_of EXPORTER)
	kill -KILL "${exporter% *}"
	wait_until 5 process_is_gone $exporter
	fails 1 run_stack status one
	run_stack stop one
	[[ ! -e $SCRATCH/one ]]
}

# The pid in the file belongs to another process by now.
test_pid_used_again() {
	local bystander start_time

	sleep 600 &
	bystander=$!
	start_time=$(process_start_time "$bystander")
	mkdir "$SCRATCH/one"
	printf '%s\n' "EXPORTER_PID=$bystander" "EXPORTER_START_TIME=$((start_time - 1))" \
		>"$SCRATCH/one/stack.env"
	run_stack stop one
	process_is "$bystander" "$start_time" || die "stop has ended another process"
	kill "$bystander"
}

# compare LOAD COUNTS: result and differences of compare.jq in one line.
compare() {
	local rates='{"data":{"result":[]}}'

	jq --null-input --compact-output --argjson seconds 2 --slurpfile load <(echo "$1") \
		--slurpfile counts <(echo "$2") --slurpfile rates <(echo "$rates") \
		--slurpfile quantiles <(echo "$rates") --from-file "$TOP/stack/compare.jq"
}

count_sample() {
	printf '{"metric":{"http_request_method":"GET","http_route":"/a","http_response_status_code":"%s"%s},"value":[1,"%s"]}' \
		"$1" "${3:-}" "$2"
}

test_comparison() {
	local load good bad error=',"error_type":"500"'

	load='[{"method":"GET","route":"/a","count":10,"errors":4,"p99_s":0.0205,"statuses":{"200":6,"500":4}}]'
	good="{\"data\":{\"result\":[$(count_sample 200 6),$(count_sample 500 4 "$error")]}}"
	bad="{\"data\":{\"result\":[$(count_sample 200 7),$(count_sample 500 3 "$error")]}}"
	expect_text "$(compare "$load" "$good")" '"equal":true' '"differences":[]' \
		'GET\t/a\t10\t10\t-\t5.0\t40.0\t40.0\t-\t20.50\tequal'
	expect_text "$(compare "$load" "$bad")" '"equal":false' 'GET /a 200\t7\t6' \
		'GET /a 500\t3\t4' '30.0\t40.0' DIFFERENT
	expect_text "$(compare "$load" '{"data":{"result":[]}}')" '"equal":false' \
		'GET /a 200\t0\t6'
	expect_text "$(compare '[]' '{"data":{"result":[]}}')" '"equal":false'
}

tests_run
