package console

import (
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// settingsPage has what holds for the whole organization.
var settingsPage = page{
	about: "organization",
	path:  "settings", name: "settings", title: "Settings", menu: "s", needs: []directory.Operation{directory.OpGetOrgSettings}, show: showSettings,
	actions: map[string]action{
		"rename":    {directory.OpUpdateOrg, renameOrg},
		"tokens":    {directory.OpUpdateOrgSettings, limitTokens},
		"retention": {directory.OpUpdateRetention, setRetention},
	},
}

type settingsData struct {
	Org       directory.Org
	Days      string // that tokens live at most; "" for any number
	Retention string // days that entries are kept; "" for ever
	MayKeep   bool   // see the retention
}

const secondsPerDay = 24 * 60 * 60

func showSettings(rq *request) (any, error) {
	s, ctx := rq.console.Service, rq.Context()
	m, err := s.GetOrg(ctx, rq.call, rq.org)
	if err != nil {
		return nil, err
	}
	settings, err := s.GetOrgSettings(ctx, rq.call, rq.org)
	if err != nil {
		return nil, err
	}
	d := settingsData{Org: m.Org, MayKeep: rq.may(directory.OpGetRetention)}
	if n := settings.MaxTokenSeconds; n > 0 {
		d.Days = strconv.FormatFloat(float64(n)/secondsPerDay, 'f', -1, 64)
	}
	if !d.MayKeep {
		return d, nil
	}
	r, err := rq.console.Trail.GetRetention(ctx, rq.call)
	if r.Days > 0 {
		d.Retention = strconv.Itoa(r.Days)
	}
	return d, err
}

func renameOrg(rq *request) (outcome, error) {
	m, err := rq.console.Service.UpdateOrg(rq.Context(), rq.call, rq.org, rq.PostForm.Get("name"))
	return outcome{to: "settings", note: note{Text: "The organization is now " + m.Org.Name}}, err
}

func limitTokens(rq *request) (outcome, error) {
	s, ctx := rq.console.Service, rq.Context()
	in, err := s.GetOrgSettings(ctx, rq.call, rq.org)
	if err != nil {
		return outcome{}, err
	}
	in.MaxTokenSeconds = 0
	if text := strings.TrimSpace(rq.PostForm.Get("maxTokenLifetimeSeconds")); text != "" {
		days, err := strconv.ParseFloat(text, 64)
		if err != nil || !(days > 0 && days <= 36500) {
			return outcome{}, directory.InvalidField("maxTokenLifetimeSeconds", "is not a number of days from 0.05 to 36500")
		}
		in.MaxTokenSeconds = int64(days * secondsPerDay)
	}
	_, err = s.UpdateOrgSettings(ctx, rq.call, rq.org, in)
	return outcome{to: "settings", note: note{Text: "The settings were saved"}}, err
}

func setRetention(rq *request) (outcome, error) {
	var r directory.Retention
	if text := strings.TrimSpace(rq.PostForm.Get("days")); text != "" {
		var err error
		if r.Days, err = strconv.Atoi(text); err != nil {
			return outcome{}, directory.InvalidField("days", "is not a whole number of days")
		}
	}
	_, err := rq.console.Trail.SetRetention(rq.Context(), rq.call, r)
	return outcome{to: "settings", note: note{Text: "The retention was saved"}}, err
}
