# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Dependencies, the demo, and statsd_exporter + Prometheus on loopback.

.PHONY: deps deps-demo deps-test demo stack-start stack-stop stack-status

##@ Install what is missing (as root, by apt)
deps: ## tools and libraries for building
	@BUILD=$(BUILD) stack/deps.sh build

deps-demo: ## for the demo; it does this itself
	@BUILD=$(BUILD) stack/deps.sh build demo

deps-test: ## for the tests; `make test` does this itself
	@BUILD=$(BUILD) stack/deps.sh build demo test

##@ Try it
# The + lets the inner builds use this make's -j.
demo: ## half a minute of load; Prometheus and client agree [DEMO=stay] [VM=1]
	+@BUILD=$(BUILD) MAKE="$(MAKE)" DEMO="$(DEMO)" VM="$(VM)" stack/demo.sh

# STACK="--free-ports" and others: stack/run.sh --help
stack-start: ## statsd_exporter and Prometheus; also stack-stop, stack-status
stack-start stack-stop stack-status: stack-%:
	@BUILD=$(BUILD) stack/run.sh $* $(STACK)

##@ Change it
# Source and JSON are both committed.
DASHBOARDS = stack/grafana/dashboards/redtap-red.json stack/grafana/dashboards/redtap-itself.json

.PHONY: dashboards
dashboards: $(DASHBOARDS) ## Grafana's JSON from stack/grafana/*.jq
$(DASHBOARDS): stack/grafana/dashboards/%.json: stack/grafana/%.jq stack/grafana/panels.jq
	jq --null-input -L stack/grafana --from-file $< >$@.new
	@mv $@.new $@
