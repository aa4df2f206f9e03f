// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// dashboard_schema FILE...: checks dashboards with the schema of Grafana's foundation SDK:
// no unknown field, no field of another type, no forbidden value.
//
// Inputs: dashboard JSON.  Outputs: a line for each finding, exit status 0 if
// there is none.  It must not know redtap.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Panels of other types would not be checked, so an unknown type is a finding.
var panels = map[string]func() variants.PanelcfgConfig{
	"barchart":   barchart.VariantConfig,
	"bargauge":   bargauge.VariantConfig,
	"heatmap":    heatmap.VariantConfig,
	"stat":       stat.VariantConfig,
	"table":      table.VariantConfig,
	"timeseries": timeseries.VariantConfig,
}

// found returns nil for an empty list of errors, which the SDK returns for no error.
func found(err error) error {
	if err != nil && err.Error() == "" {
		return nil
	}
	return err
}

// check returns what is wrong with the dashboard in the file.
func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// The strict reader checks the options of each panel by the panel's type.
	var board dashboard.Dashboard
	if err := found(board.UnmarshalJSONStrict(text)); err != nil {
		return err
	}
	for _, either := range board.Panels {
		if either.Panel != nil && panels[either.Panel.Type] == nil {
			return fmt.Errorf("panel of unknown type %q", either.Panel.Type)
		}
	}
	return found(board.Validate())
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: dashboard_schema FILE...")
		os.Exit(2)
	}
	for _, config := range panels {
		cog.NewRuntime().RegisterPanelcfgVariant(config())
	}
	cog.NewRuntime().RegisterDataqueryVariant(prometheus.VariantConfig())
	status := 0
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Printf("%s: %v\n", path, err)
			status = 1
		}
	}
	os.Exit(status)
}
