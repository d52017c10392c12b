package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var webhookColumns = []column[client.Webhook]{
	{"id", func(w client.Webhook) string { return w.ID }},
	{"name", func(w client.Webhook) string { return w.Name }},
	{"url", func(w client.Webhook) string { return w.URL }},
	{"sent", sent},
	{"enabled", enabled},
}

// issuedWebhookColumns include the secret, which only the response that made it has.
var issuedWebhookColumns = append(webhookColumns[:3:3], column[client.Webhook]{"secret", func(w client.Webhook) string { return w.Secret }})

var deliveryColumns = []column[client.WebhookDelivery]{
	{"id", func(d client.WebhookDelivery) string { return d.ID }},
	{"action", func(d client.WebhookDelivery) string { return d.Action }},
	{"state", func(d client.WebhookDelivery) string { return d.State }},
	{"attempts", func(d client.WebhookDelivery) string { return strconv.Itoa(d.Attempts) }},
	{"last", func(d client.WebhookDelivery) string { return when(d.LastAttemptAt) }},
	{"next", func(d client.WebhookDelivery) string { return when(d.NextAttemptAt) }},
	{"failure", func(d client.WebhookDelivery) string { return d.Failure }},
}

// sent describes the entries that a webhook receives.
func sent(w client.Webhook) string {
	parts := []string{"all"}
	if len(w.Actions) > 0 {
		parts = w.Actions
	}
	if len(w.TargetTypes) > 0 {
		parts = append(parts[:len(parts):len(parts)], "about", strings.Join(w.TargetTypes, ", "))
	}
	if w.IncludeRefused {
		parts = append(parts[:len(parts):len(parts)], "and refused")
	}
	return strings.Join(parts, " ")
}

func enabled(w client.Webhook) string {
	switch {
	case w.Enabled == nil || *w.Enabled:
		return "yes"
	case w.DisabledReason != "":
		return "no: " + w.DisabledReason
	default:
		return "no"
	}
}

const (
	exampleWebhook  = "whk_06h0tznb52qbshr2ed8ah98f0w"
	exampleDelivery = "msg_acme-x7q2_12"
)

func (s *session) webhooks() *cobra.Command {
	return group("webhooks", "Manage webhooks",
		"Roster posts the entries of the audit log to webhooks, signed, as they are written. Changing a webhook needs the\npersonal token of an owner or admin who may read the log. WEBHOOK is the id or name of a webhook.",
		`roster webhooks create --name SIEM --webhook-url https://siem.example.com/roster --action 'create*'`,
		s.webhooksCreate(), s.webhooksUpdate(), s.webhooksRotate(), s.webhooksTest(), s.webhooksReplay(), s.webhooksDeliveries(),
		s.command("list", "List webhooks", "roster webhooks list", cobra.NoArgs, list(s, webhookColumns, (*client.Client).ListWebhooks)),
		s.get(webhookLookup, "get WEBHOOK", "Show a webhook", "roster webhooks get SIEM", byID(s, webhookColumns, (*client.Client).GetWebhook)),
		s.deletion(webhookLookup, "Delete a webhook\nIts delivery log is deleted too.", "roster webhooks delete "+exampleWebhook+" --yes", "webhook", (*client.Client).DeleteWebhook))
}

// webhookFlags are the flags for the members of a webhook object.
type webhookFlags struct {
	name, description, url string
	actions, targetTypes   []string
	refused, enabled       bool
}

func (f *webhookFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "name", "", "`NAME` of the webhook")
	addDescription(cmd, &f.description)
	cmd.Flags().StringVar(&f.url, "webhook-url", "", "https `URL` that entries are posted to")
	cmd.Flags().StringArrayVar(&f.actions, "action", nil, "only entries of this `ACTION`, or of a prefix such as create*; repeatable")
	cmd.Flags().StringArrayVar(&f.targetTypes, "target-type", nil, "only entries about this `TYPE` of target, such as user; repeatable")
	cmd.Flags().BoolVar(&f.refused, "include-refused", false, "also send entries of refused requests")
	cmd.Flags().BoolVar(&f.enabled, "enabled", true, "whether entries are sent to it")
}

// apply sets in w what the given flags say.
func (f *webhookFlags) apply(cmd *cobra.Command, w *client.Webhook) {
	said := cmd.Flags().Changed
	if said("name") {
		w.Name = f.name
	}
	if said("description") {
		w.Description = f.description
	}
	if said("webhook-url") {
		w.URL = f.url
	}
	if said("action") {
		w.Actions = given(f.actions)
	}
	if said("target-type") {
		w.TargetTypes = given(f.targetTypes)
	}
	if said("include-refused") {
		w.IncludeRefused = f.refused
	}
	if said("enabled") {
		w.Enabled = &f.enabled
	}
}

func (s *session) webhooksCreate() *cobra.Command {
	var f webhookFlags
	var cmd *cobra.Command
	cmd = s.write("create", "Create a webhook\nThe secret that signs its deliveries is shown only this once.",
		"roster webhooks create --name SIEM --webhook-url https://siem.example.com/roster --action 'create*' --action deleteRole", cobra.NoArgs,
		one(s, issuedWebhookColumns, func(ctx context.Context, c *client.Client, _ []string) (client.Webhook, error) {
			var in client.Webhook
			f.apply(cmd, &in)
			return c.CreateWebhook(ctx, in)
		}))
	f.add(cmd)
	require(cmd, "name", "webhook-url")
	return cmd
}

func (s *session) webhooksUpdate() *cobra.Command {
	var f webhookFlags
	var cmd *cobra.Command
	cmd = s.write("update WEBHOOK", `Change a webhook
Only what the flags name changes. --action replaces the list of actions; --action ''
removes it, so that entries of every action are sent. If the webhook is changed by
somebody else in the meantime, the command changes nothing and exits with 6.`,
		"roster webhooks update "+exampleWebhook+" --webhook-url https://siem.example.com/v2\nroster webhooks update "+exampleWebhook+" --enabled=false", cobra.ExactArgs(1),
		webhookLookup.found(one(s, webhookColumns, func(ctx context.Context, c *client.Client, args []string) (client.Webhook, error) {
			w, err := c.GetWebhook(ctx, args[0])
			if err != nil {
				return w, err
			}
			f.apply(cmd, &w)
			return c.UpdateWebhook(ctx, args[0], w)
		})))
	f.add(cmd)
	return webhookLookup.argument(s, cmd)
}

func (s *session) webhooksRotate() *cobra.Command {
	var overlap string
	cmd := s.write("rotate-secret WEBHOOK", "Give a webhook a new secret\nThe secret is shown only this once. Deliveries are also signed with the previous secret until --overlap ends.",
		"roster webhooks rotate-secret "+exampleWebhook+" --overlap 7d", cobra.ExactArgs(1),
		webhookLookup.found(one(s, issuedWebhookColumns, func(ctx context.Context, c *client.Client, args []string) (w client.Webhook, err error) {
			d, err := parseDays("--overlap", overlap)
			if err != nil {
				return w, err
			}
			ends := time.Now().Add(d)
			return c.RotateWebhookSecret(ctx, args[0], &ends)
		})))
	cmd.Flags().StringVar(&overlap, "overlap", "24h", "how long the previous secret still signs: 0s, 12h, 7d")
	return webhookLookup.argument(s, cmd)
}

func (s *session) webhooksTest() *cobra.Command {
	return webhookLookup.argument(s, s.write("test WEBHOOK", "Send a test to a webhook\nAdds an audit entry testWebhook and sends it. See the result with `roster webhooks deliveries`.",
		"roster webhooks test "+exampleWebhook, cobra.ExactArgs(1), webhookLookup.found(func(cmd *cobra.Command, c *client.Client, args []string) error {
			if err := c.TestWebhook(cmd.Context(), args[0]); err != nil {
				return err
			}
			s.done(cmd, "test sent to", args[0])
			return nil
		})))
}

func (s *session) webhooksReplay() *cobra.Command {
	var delivery, since string
	var from int64
	cmd := s.write("replay WEBHOOK", `Send entries to a webhook again
Without flags, sends all dead deliveries: those that were given up after three days. With
--from-sequence or --since, sends all later entries that match the webhook's filter, even
those from before it was created.`,
		"roster webhooks replay "+exampleWebhook+"\nroster webhooks replay "+exampleWebhook+" --since 2026-11-24T12:00:00Z\n"+
			"roster webhooks replay "+exampleWebhook+" --delivery "+exampleDelivery, cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			if cmd.Flags().Changed("from-sequence") && from < 1 {
				return usagef("--from-sequence must be at least 1")
			}
			scope := client.ReplayScope{FromSequence: from}
			at, err := timeFlag("--since", since)
			if err != nil {
				return err
			}
			if !at.IsZero() {
				scope.Since = &at
			}
			id, err := webhookLookup.find(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			if delivery == "" {
				return s.replay(cmd, c, id, scope)
			}
			d, err := c.ReplayDelivery(cmd.Context(), id, delivery)
			if err != nil {
				return err
			}
			return printOne(s, cmd, d, deliveryColumns)
		})
	cmd.Flags().StringVar(&delivery, "delivery", "", "only the delivery with this `ID`")
	cmd.Flags().Int64Var(&from, "from-sequence", 0, "entries from this sequence `NUMBER` on")
	cmd.Flags().StringVar(&since, "since", "", "entries from this `TIME` on, such as 2026-01-31T12:00:00Z, or 7d or 12h ago")
	cmd.MarkFlagsMutuallyExclusive("delivery", "from-sequence", "since")
	return webhookLookup.argument(s, cmd)
}

// replayResult is what `roster webhooks replay` prints.
type replayResult struct {
	Replayed int `json:"replayed"`
}

func (s *session) replay(cmd *cobra.Command, c *client.Client, id string, scope client.ReplayScope) error {
	n, err := c.ReplayWebhook(cmd.Context(), id, scope)
	if err != nil {
		return err
	}
	return printOne(s, cmd, replayResult{n}, []column[replayResult]{
		{"replayed", func(r replayResult) string { return strconv.Itoa(r.Replayed) }},
	})
}

func (s *session) webhooksDeliveries() *cobra.Command {
	var state string
	cmd := s.command("deliveries WEBHOOK", "Show the deliveries of a webhook\nShows the last 30 days, the newest entries first.",
		"roster webhooks deliveries "+exampleWebhook+" --state dead", cobra.ExactArgs(1),
		webhookLookup.found(func(cmd *cobra.Command, c *client.Client, args []string) error {
			var all []client.WebhookDelivery
			for d, err := range c.ListWebhookDeliveries(cmd.Context(), args[0], state) {
				if err != nil {
					return err
				}
				all = append(all, d)
			}
			return printList(s, cmd, all, deliveryColumns)
		}))
	cmd.Flags().StringVar(&state, "state", "", "only deliveries in this state: pending, delivered or dead")
	complete(cmd, "state", "pending", "delivered", "dead")
	return webhookLookup.argument(s, cmd)
}
