package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/webhooks"
)

// webhooksPage lists the webhooks.
var webhooksPage = page{
	about: "webhook",
	path:  "webhooks", name: "webhooks", title: "Webhooks", menu: "w", needs: []directory.Operation{directory.OpListWebhooks}, show: showWebhooks,
	actions: map[string]action{
		"create": {directory.OpCreateWebhook, createWebhook},
	},
}

// webhookPage shows a webhook and its deliveries.
var webhookPage = page{
	about: "webhook",
	path:  "webhooks/{id}", name: "webhook", title: "Webhook", needs: []directory.Operation{directory.OpGetWebhook}, show: showWebhook,
	parts: map[string]func(*request) (any, error){"rows": showDeliveries},
	actions: map[string]action{
		"save":   {directory.OpUpdateWebhook, saveWebhook},
		"rotate": {directory.OpRotateSecret, rotateWebhook},
		"test":   {directory.OpTestWebhook, testWebhook},
		"replay": {directory.OpReplayDelivery, replayDelivery},
		"delete": {directory.OpDeleteWebhook, deleteWebhook},
	},
}

const deliveriesShown = 30

func showWebhooks(rq *request) (any, error) {
	return rq.console.Hooks.ListWebhooks(rq.Context(), rq.call)
}

// webhookIn is the webhook as the form has it.
func webhookIn(form url.Values) webhooks.NewWebhook {
	in := webhooks.NewWebhook{Name: form.Get("name"), Description: form.Get("description"), URL: strings.TrimSpace(form.Get("url"))}
	in.Actions = strings.FieldsFunc(form.Get("actions"), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' })
	in.Refusals = form.Get("refusals") != ""
	return in
}

func createWebhook(rq *request) (outcome, error) {
	w, err := rq.console.Hooks.CreateWebhook(rq.Context(), rq.call, webhookIn(rq.PostForm))
	if err != nil {
		return outcome{}, err
	}
	return outcome{with: "secret", shown: secretData{w.Name + " was created", w.Secret, rq.path("webhooks/" + string(w.ID)), "secret"}}, nil
}

func (rq *request) webhookID() directory.WebhookID { return directory.WebhookID(rq.PathValue("id")) }

type webhookData struct {
	Webhook    directory.Webhook
	Actions    string // of its filter
	TargetType string
	Deliveries []sentEntry
	State      string
	More       string // the rest's query
	First      bool
}

// sentEntry is a delivery with the id that replays it.
type sentEntry struct {
	directory.Delivery
	Message string
}

func showWebhook(rq *request) (any, error) {
	w, err := rq.console.Hooks.GetWebhook(rq.Context(), rq.call, rq.webhookID())
	if err != nil {
		return nil, err
	}
	d, err := rq.listDeliveries()
	d.Webhook, d.Actions, d.TargetType = w, strings.Join(w.Actions, ", "), strings.Join(w.TargetTypes, ", ")
	return d, err
}

func showDeliveries(rq *request) (any, error) { return rq.listDeliveries() }

func (rq *request) listDeliveries() (d webhookData, err error) {
	q := rq.URL.Query()
	d = webhookData{Webhook: directory.Webhook{ID: rq.webhookID()}, State: q.Get("state"), First: true}
	states := []directory.DeliveryState{"", directory.DeliveryPending, directory.DeliveryDelivered, directory.DeliveryDead}
	if !slices.Contains(states, directory.DeliveryState(d.State)) {
		return d, directory.InvalidField("state", "must be pending, delivered or dead")
	}
	query := directory.DeliveryQuery{State: directory.DeliveryState(d.State), Limit: deliveriesShown}
	if before := q.Get("before"); before != "" {
		d.First = false
		if query.Before, err = sequence(before); err != nil {
			return d, err
		}
	}
	list, more, err := rq.console.Hooks.ListDeliveries(rq.Context(), rq.call, d.Webhook.ID, query)
	if err != nil {
		return d, err
	}
	for _, sent := range list {
		d.Deliveries = append(d.Deliveries, sentEntry{sent, webhooks.MessageID(rq.org, sent.Sequence)})
	}
	if more {
		next := url.Values{"state": {d.State}, "before": {strconv.FormatInt(list[len(list)-1].Sequence, 10)}}
		d.More = "?" + next.Encode()
	}
	return d, nil
}

func saveWebhook(rq *request) (outcome, error) {
	s, ctx := rq.console.Hooks, rq.Context()
	before, err := s.GetWebhook(ctx, rq.call, rq.webhookID())
	if err != nil {
		return outcome{}, err
	}
	in := webhookIn(rq.PostForm)
	in.TargetTypes = before.TargetTypes // which the form does not have
	enabled := rq.PostForm.Get("enabled") != ""
	in.Enabled = &enabled
	w, err := s.UpdateWebhook(ctx, rq.call, before.ID, in)
	return outcome{to: "webhooks/" + string(w.ID), note: note{Text: w.Name + " was saved"}}, err
}

func rotateWebhook(rq *request) (outcome, error) {
	until, err := rq.inDays("grace")
	if err != nil {
		return outcome{}, err
	}
	w, err := rq.console.Hooks.RotateWebhookSecret(rq.Context(), rq.call, rq.webhookID(), until)
	if err != nil {
		return outcome{}, err
	}
	return outcome{with: "secret", shown: secretData{w.Name + " has a new secret", w.Secret, rq.path("webhooks/" + string(w.ID)), "secret"}}, nil
}

func testWebhook(rq *request) (outcome, error) {
	err := rq.console.Hooks.TestWebhook(rq.Context(), rq.call, rq.webhookID())
	return outcome{to: "webhooks/" + string(rq.webhookID()), note: note{Text: "A test is on its way"}}, err
}

func replayDelivery(rq *request) (outcome, error) {
	_, err := rq.console.Hooks.ReplayDelivery(rq.Context(), rq.call, rq.webhookID(), rq.PostForm.Get("message"))
	return outcome{to: "webhooks/" + string(rq.webhookID()), note: note{Text: "The entry is sent again"}}, err
}

func deleteWebhook(rq *request) (outcome, error) {
	err := rq.console.Hooks.DeleteWebhook(rq.Context(), rq.call, rq.webhookID())
	return outcome{to: "webhooks", note: note{Text: "The webhook was deleted"}}, err
}
