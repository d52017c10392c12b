package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/schedules"
)

// schedule is a change of a user that takes place at a time.
type schedule struct {
	Action    directory.ScheduledAct `json:"action"`
	At        wireTime               `json:"at"`
	CreatedAt wireTime               `json:"createdAt"`
	CreatedBy actorRef               `json:"createdBy"`
	FailedAt  wireTime               `json:"failedAt"`
	Failure   *string                `json:"failure"`
	Revoke    []string               `json:"revoke"`
	UserID    directory.UserID       `json:"userId"`
}

// actorRef is the user or API token that decided on something.
type actorRef struct {
	ID   string              `json:"id"`
	Kind directory.ActorKind `json:"kind"`
}

func actorRefOf(a directory.Actor) actorRef { return actorRef{a.ID(), a.Kind} }

func scheduleOf(s directory.Schedule) schedule {
	out := schedule{
		Action: s.Act, At: wireTime{s.At}, CreatedAt: wireTime{s.CreatedAt}, CreatedBy: actorRefOf(s.CreatedBy),
		FailedAt: wireTime{s.FailedAt}, Revoke: kindsOf(s.Revoke), UserID: s.UserID,
	}
	if s.Failed() {
		out.Failure = &s.Failure
	}
	return out
}

// kindsOf lists the kinds of objects to revoke, as the parameter revoke names them.
func kindsOf(r directory.Revocation) []string {
	kinds := []string{}
	for _, k := range []struct {
		name string
		set  bool
	}{{"tokens", r.Tokens}, {"webhooks", r.Webhooks}, {"invitations", r.Invitations}} {
		if k.set {
			kinds = append(kinds, k.name)
		}
	}
	return kinds
}

type scheduleInput struct {
	At     wireTime `json:"at"`
	Revoke []string `json:"revoke"`
}

// scheduled is the user and the act of a request's path.
func (rq *request) scheduled() (directory.UserID, directory.ScheduledAct) {
	return directory.UserID(rq.PathValue("id")), directory.ScheduledAct(rq.PathValue("action"))
}

func getSchedule(rq *request) (directory.Schedule, error) {
	id, act := rq.scheduled()
	return rq.api.service.GetSchedule(rq.Context(), rq.call, id, act)
}

func updateSchedule(rq *request, body scheduleInput) (directory.Schedule, error) {
	kinds, err := revocationOf(body.Revoke)
	if err != nil {
		return directory.Schedule{}, err
	}
	id, act := rq.scheduled()
	return rq.api.service.UpdateSchedule(rq.Context(), rq.call, id, act, schedules.NewSchedule{At: body.At.Time, Revoke: kinds})
}

func deleteSchedule(rq *request) error {
	id, act := rq.scheduled()
	return rq.api.service.DeleteSchedule(rq.Context(), rq.call, id, act)
}

func listSchedules(rq *request) ([]directory.Schedule, error) {
	return rq.api.service.ListSchedules(rq.Context(), rq.call, directory.UserID(rq.params.Get("user")))
}
