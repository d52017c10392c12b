package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Collectors are the metrics of a database: the pool of connections, how long
// ago it was heard of others' changes, and on PostgreSQL its standbys.
func (s *Store) Collectors() []prometheus.Collector {
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "roster_database_heard_seconds",
		Help: "Time since the database last told of all changes; from 0.8 on nothing is answered from memory.",
	}, func() float64 { return s.heard().Seconds() })
	list := []prometheus.Collector{collectors.NewDBStatsCollector(s.pool(), "roster"), age}
	if e, ok := s.engine.(*postgresEngine); ok {
		list = append(list, standbys{e.db})
	}
	return list
}

// standbys asks a primary about its standbys at every scrape. The role needs
// pg_monitor to see them.
type standbys struct{ db *sql.DB }

var replayLag = prometheus.NewDesc("roster_database_standby_lag_seconds",
	"How long what was written lately took to be replayed by a standby.", []string{"standby", "state"}, nil)

// Describe implements [prometheus.Collector].
func (standbys) Describe(ch chan<- *prometheus.Desc) { ch <- replayLag }

// Collect implements [prometheus.Collector]. A database that does not answer has
// no standbys to report.
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
