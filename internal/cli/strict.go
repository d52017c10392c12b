package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const mayBeEmpty = "may be empty"

// MayBeEmpty marks flags as accepting the empty string as a value.
func MayBeEmpty(fs *pflag.FlagSet, names ...string) {
	for _, name := range names {
		_ = fs.SetAnnotation(name, mayBeEmpty, []string{"yes"}) // fails only if the flag does not exist
	}
}

// Strict makes a command and all its subcommands reject empty arguments and flags. An
// empty one mostly comes from an unset shell variable, and without the flag the command
// might affect far more than intended.
func Strict(c *cobra.Command) {
	check := c.Args
	c.Args = func(cmd *cobra.Command, args []string) error {
		if err := refuseEmpty(cmd, args); err != nil || check == nil {
			return err
		}
		return check(cmd, args)
	}
	for _, sub := range c.Commands() {
		Strict(sub)
	}
}

func refuseEmpty(cmd *cobra.Command, args []string) (err error) {
	names := strings.Fields(cmd.Use)[1:]
	for i, arg := range args {
		if arg == "" && i < len(names) {
			return usagef("%s is empty", strings.Trim(names[i], "[]"))
		}
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && f.Annotations[mayBeEmpty] == nil {
			err = usagef("--%s is empty; give it a value or omit it", f.Name)
		}
	})
	return err
}

// addDescription adds --description, which may be empty to remove the description.
func addDescription(cmd *cobra.Command, description *string) {
	cmd.Flags().StringVar(description, "description", "", "what it is for")
	MayBeEmpty(cmd.Flags(), "description")
}
