package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Collectors returns the metrics of a database: the pool of connections, the time since
// the database last answered, and on PostgreSQL its standbys.
func (s *Store) Collectors() []prometheus.Collector {
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "roster_database_heard_seconds",
		Help: "Time since changes by others were last read; from 0.8 on the cache is not used.",
	}, func() float64 { return s.Behind().Seconds() })
	list := []prometheus.Collector{collectors.NewDBStatsCollector(s.pool(), "roster"), age}
	if e, ok := s.engine.(*postgresEngine); ok {
		list = append(list, standbys{e.db})
	}
	return list
}

// standbys queries a primary for its standbys at every scrape. The database role needs
// pg_monitor.
type standbys struct{ db *sql.DB }

var replayLag = prometheus.NewDesc("roster_database_standby_lag_seconds",
	"Time that a standby takes to replay recent writes.", []string{"standby", "state"}, nil)

// Describe implements [prometheus.Collector].
func (standbys) Describe(ch chan<- *prometheus.Desc) { ch <- replayLag }

// Collect implements [prometheus.Collector]. If the database does not answer, it reports
// no standbys.
func (s standbys) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, `SELECT COALESCE(application_name, ''), COALESCE(sync_state, ''),
		COALESCE(EXTRACT(EPOCH FROM replay_lag), 0)::float8 FROM pg_stat_replication`)
	if err != nil {
		return
	}
	defer func() { _ = rows.Close() }() // its error is that of the rows
	for rows.Next() {
		var name, state string
		var lag float64
		if rows.Scan(&name, &state, &lag) == nil {
			ch <- prometheus.MustNewConstMetric(replayLag, prometheus.GaugeValue, lag, name, state)
		}
	}
	_ = rows.Err() // the rows that were read are reported
}
