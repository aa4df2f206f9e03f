# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Dependencies, the demo, and statsd_exporter + Prometheus on loopback.

.PHONY: deps deps-test demo stack-start stack-stop stack-status

# What building and the demo need; deps-test: what the tests need as well.
deps:
	@BUILD=$(BUILD) stack/deps.sh build demo

deps-test:
	@BUILD=$(BUILD) stack/deps.sh build demo test

# DEMO=stay keeps it up until Ctrl-C; VM=1: in a virtual machine.  The + hands on -j.
demo:
	+@BUILD=$(BUILD) MAKE="$(MAKE)" DEMO="$(DEMO)" VM="$(VM)" stack/demo.sh

# STACK="--free-ports" and the like: stack/run.sh --help
stack-start stack-stop stack-status: stack-%:
	@BUILD=$(BUILD) stack/run.sh $* $(STACK)

# The dashboards' JSON from their compact source; both are committed.
DASHBOARDS = stack/grafana/dashboards/redtap-red.json stack/grafana/dashboards/redtap-itself.json

.PHONY: dashboards
dashboards: $(DASHBOARDS)
$(DASHBOARDS): stack/grafana/dashboards/%.json: stack/grafana/%.jq stack/grafana/panels.jq
	jq --null-input -L stack/grafana --from-file $< >$@.new
	@mv $@.new $@
