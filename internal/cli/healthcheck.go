package cli

import (
	"cmp"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// healthTimeout bounds the request of a health check.
const healthTimeout = 3 * time.Second

func healthcheck() *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Exit with 0 if the server can serve requests",
		Long: `Request the server's /readyz, and exit with 0 if it answers within 3 seconds that it is
ready, or with 8 if not. Needs no token.`,
		Example: "  roster healthcheck\n  roster healthcheck --url http://127.0.0.1:8080", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			base := strings.TrimRight(cmp.Or(url, os.Getenv("ROSTER_URL"), DefaultURL), "/")
			if err := checkURL(base); err != nil {
				return err
			}
			r, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, base+"/readyz", nil) //nolint:gosec // the user names the server
			if err != nil {
				return Usage(err)
			}
			resp, err := (&http.Client{Timeout: healthTimeout}).Do(r) //nolint:gosec // same
			if err != nil {
				return &client.Error{Message: err.Error()}
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return &client.Error{Status: http.StatusServiceUnavailable, Message: "the server is not ready: " + resp.Status}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "`URL` of the server (env ROSTER_URL, default "+DefaultURL+")")
	return cmd
}
