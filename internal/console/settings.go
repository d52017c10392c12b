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

const (
	secondsPerHour = 60 * 60
	secondsPerDay  = 24 * secondsPerHour
)

// inUnits writes seconds as a number of hours or days; nothing for none.
func inUnits(seconds int64, unit float64) string {
	if seconds == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(seconds)/unit, 'f', -1, 64)
}

// seconds reads a field with a number of hours or days; 0 for an empty one.
func (rq *request) seconds(field, what string, unit float64) (int64, error) {
	text := strings.TrimSpace(rq.PostForm.Get(field))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0 && n <= 1e6) {
		return 0, directory.InvalidField(field, "is not a number of %s", what)
	}
	return int64(n * unit), nil
}

func showSettings(rq *request) (any, error) {
	s, ctx := rq.console.orgs, rq.Context()
	m, err := s.GetOrg(ctx, rq.call, rq.org)
	if err != nil {
		return nil, err
	}
	settings, err := s.GetOrgSettings(ctx, rq.call, rq.org)
	if err != nil {
		return nil, err
	}
	d := settingsData{Org: m.Org, MayKeep: rq.may(directory.OpGetRetention)}
	d.Days = inUnits(settings.MaxTokenSeconds, secondsPerDay)
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
	m, err := rq.console.orgs.UpdateOrg(rq.Context(), rq.call, rq.org, rq.PostForm.Get("name"))
	return outcome{to: "settings", note: note{Text: "The organization is now " + m.Org.Name}}, err
}

func limitTokens(rq *request) (outcome, error) {
	s, ctx := rq.console.orgs, rq.Context()
	in, err := s.GetOrgSettings(ctx, rq.call, rq.org)
	if err != nil {
		return outcome{}, err
	}
	if in.MaxTokenSeconds, err = rq.seconds("maxTokenLifetimeSeconds", "days", secondsPerDay); err != nil {
		return outcome{}, err
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
