package console

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/orgs"
)

// overviewPage is the organization's first page: its counts, and charts
// of the last days, which are read once the page is there.
var overviewPage = page{
	name: "overview", title: "Overview", menu: "o", show: showOverview,
	parts: map[string]func(*request) (any, error){"pictures": showPictures},
}

type overviewData struct {
	Limits  []orgs.LimitUse
	Recent  []directory.Entry
	Welcome bool // the person may read nothing
}

func showOverview(rq *request) (any, error) {
	var d overviewData
	var err error
	if d.Limits, err = rq.console.orgs.ListLimits(rq.Context(), rq.call); err != nil {
		return nil, err
	}
	if rq.may(directory.OpListEntries) {
		q := directory.EntryQuery{NewestFirst: true, Limit: 8}
		d.Recent, _, err = rq.console.Trail.ListEntries(rq.Context(), rq.call, q)
	}
	d.Welcome = !rq.may(directory.OpListUsers)
	return d, err
}

// showPictures draws the pictures of what the person may read.
func showPictures(rq *request) (any, error) {
	days := rq.days()
	var charts []*chart
	if rq.may(directory.OpListUsers) {
		counts, err := rq.usersByDay(days)
		if err != nil {
			return nil, err
		}
		charts = append(charts, byDay("Today’s users, by when they joined", "user", days, counts))
	}
	if rq.may(directory.OpListAPITokens) {
		tokens, err := rq.console.tokens.ListAPITokens(rq.Context(), rq.call)
		if err != nil {
			return nil, err
		}
		charts = append(charts, byDay("API tokens that work", "token", days, workingTokens(tokens, days)))
	}
	if rq.may(directory.OpListEntries) {
		refused, done := directory.Refused, directory.Done
		for _, of := range []struct {
			title, unit string
			q           directory.EntryQuery
		}{
			{"Sign-ins per day", "sign-in", directory.EntryQuery{Action: directory.OpSignIn.Name, Outcome: &done}},
			{"Refusals per day", "refusal", directory.EntryQuery{Outcome: &refused}},
		} {
			counts, all, err := rq.entriesByDay(days, of.q)
			if err != nil {
				return nil, err
			}
			if !all {
				of.title += ", among the last entries"
			}
			charts = append(charts, byDay(of.title, of.unit, days, counts))
		}
	}
	return charts, nil
}

// workingTokens counts the tokens that worked at each day's end, of those that are kept.
func workingTokens(tokens []directory.APITokenRecord, days []time.Time) []int {
	counts := make([]int, len(days))
	for i, day := range days {
		end := day.AddDate(0, 0, 1)
		for _, t := range tokens {
			if t.CreatedAt.Before(end) && (t.ExpiresAt.IsZero() || t.ExpiresAt.After(end)) {
				counts[i]++
			}
		}
	}
	return counts
}

// byDay is a chart with a bar for each day.
func byDay(title, unit string, days []time.Time, counts []int) *chart {
	c := &chart{Title: title, Unit: unit, Every: 7}
	for i, day := range days {
		c.Bars = append(c.Bars, bar{Label: day.Format("2 Jan"), Value: counts[i]})
	}
	return c.place()
}
