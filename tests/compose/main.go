// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// compose_config FILE: reads a compose file as `docker compose config` does, with the
// same library: schema, interpolation from the .env beside it, consistency.
//
// Inputs: a compose file.  Outputs: the project as JSON; exit status 1 and a message on
// standard error for a file that docker would refuse.  It must not know redtap, and must
// not need docker.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

// project returns the project as JSON.
func project(path string) ([]byte, error) {
	options, err := cli.NewProjectOptions([]string{path},
		cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv)
	if err != nil {
		return nil, err
	}
	loaded, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return loaded.MarshalJSON()
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: compose_config FILE")
		os.Exit(2)
	}
	text, err := project(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}
