package store

import (
	"encoding/json"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const selectSchedules = `SELECT org_id, user_id, act, at, revoke, created_at, created_by, due_at, attempts, failed_at, failure FROM schedules `

func scanSchedule(row scanner) (s directory.Schedule, err error) {
	var at, created, due, failed int64
	var revoke, by string
	err = row.Scan(&s.OrgID, &s.UserID, &s.Act, &at, &revoke, &created, &by, &due, &s.Attempts, &failed, &s.Failure)
	if err != nil {
		return s, err
	}
	s.At, s.CreatedAt, s.DueAt, s.FailedAt = fromMicros(at), fromMicros(created), fromMicros(due), fromMicros(failed)
	if err := json.Unmarshal([]byte(revoke), &s.Revoke); err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(by), &s.CreatedBy)
}

func (t *tx) Schedule(org directory.OrgID, user directory.UserID, act directory.ScheduledAct) (directory.Schedule, error) {
	return one(t, "schedule", scanSchedule, selectSchedules+`WHERE org_id = $1 AND user_id = $2 AND act = $3`, org, user, act)
}

func (t *tx) Schedules(org directory.OrgID, user directory.UserID) ([]directory.Schedule, error) {
	if user != "" {
		return list(t, scanSchedule, selectSchedules+`WHERE org_id = $1 AND user_id = $2 ORDER BY at, act`, org, user)
	}
	return list(t, scanSchedule, selectSchedules+`WHERE org_id = $1 ORDER BY at, user_id, act`, org)
}

func (t *tx) PutSchedule(s directory.Schedule) error {
	revoke, err := json.Marshal(s.Revoke)
	if err != nil {
		return err
	}
	by, err := json.Marshal(s.CreatedBy)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO schedules (org_id, user_id, act, at, revoke, created_at, created_by, due_at, attempts, failed_at, failure)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (org_id, user_id, act) DO UPDATE SET at = excluded.at, revoke = excluded.revoke, created_at = excluded.created_at,
		created_by = excluded.created_by, due_at = excluded.due_at, attempts = excluded.attempts, failed_at = excluded.failed_at, failure = excluded.failure`,
		s.OrgID, s.UserID, s.Act, micros(s.At), string(revoke), micros(s.CreatedAt), string(by), micros(s.DueAt), s.Attempts, micros(s.FailedAt), s.Failure)
}

func (t *tx) DeleteSchedule(org directory.OrgID, user directory.UserID, act directory.ScheduledAct) error {
	return t.execOne("schedule", `DELETE FROM schedules WHERE org_id = $1 AND user_id = $2 AND act = $3`, org, user, act)
}

func (t *tx) OrgsWithDueSchedules(now time.Time, limit int) ([]directory.OrgID, error) {
	return list(t, scanValue[directory.OrgID], `SELECT org_id FROM schedules WHERE due_at > 0 AND due_at <= $1
		GROUP BY org_id ORDER BY min(due_at), org_id LIMIT $2`, micros(now), limit)
}

func (t *tx) DueSchedules(org directory.OrgID, now time.Time, limit int) ([]directory.Schedule, error) {
	return list(t, scanSchedule, selectSchedules+`WHERE org_id = $1 AND due_at > 0 AND due_at <= $2 ORDER BY due_at, user_id, act LIMIT $3`,
		org, micros(now), limit)
}

func (t *tx) DropFailedSchedules(before time.Time) error {
	return t.exec(`DELETE FROM schedules WHERE failed_at > 0 AND failed_at < $1`, micros(before))
}
