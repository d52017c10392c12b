package httpapi

import (
	"encoding/json"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// provisioningSettings are an organization's settings for its directory.
type provisioningSettings struct {
	BreakerPercent int              `json:"breakerPercent"`
	DefaultRole    directory.RoleID `json:"defaultRole"`
	Schemas        json.RawMessage  `json:"schemas"`
}

func provisioningSettingsOf(s provisioning.Settings) provisioningSettings {
	out := provisioningSettings{s.BreakerPercent, s.DefaultRole, s.Schemas}
	if out.Schemas == nil {
		out.Schemas = json.RawMessage("[]")
	}
	return out
}

func getProvisioningSettings(rq *request) (provisioning.Settings, error) {
	return rq.api.provisioner.GetSettings(rq.Context(), rq.call)
}

func updateProvisioningSettings(rq *request, body provisioningSettings) (provisioning.Settings, error) {
	if body.Schemas == nil {
		return provisioning.Settings{}, directory.InvalidField("schemas", "is required; use an empty list for none")
	}
	return rq.api.provisioner.UpdateSettings(rq.Context(), rq.call, provisioning.Settings{
		DefaultRole: body.DefaultRole, BreakerPercent: body.BreakerPercent, Schemas: body.Schemas,
	})
}

// provisioningStatus is how an organization's provisioning stands.
type provisioningStatus struct {
	ApprovedUntil wireTime          `json:"approvedUntil"`
	Hold          *provisioningHold `json:"hold"`
	LastRun       *provisioningRun  `json:"lastRun"`
	LostUsers     int               `json:"lostUsers"`
}

type provisioningHold struct {
	At        wireTime `json:"at"`
	By        string   `json:"by"`
	Percent   int      `json:"percent"`
	TargetID  string   `json:"targetId"`
	Users     int      `json:"users"`
	WouldLose int      `json:"wouldLose"`
}

type provisioningRun struct {
	By            string                `json:"by"`
	Created       int                   `json:"created"`
	GroupsCreated int                   `json:"groupsCreated"`
	GroupsRemoved int                   `json:"groupsRemoved"`
	GroupsUpdated int                   `json:"groupsUpdated"`
	LastAt        wireTime              `json:"lastAt"`
	Reactivated   int                   `json:"reactivated"`
	Refusals      []provisioningRefusal `json:"refusals"`
	Removed       int                   `json:"removed"`
	StartedAt     wireTime              `json:"startedAt"`
	Suspended     int                   `json:"suspended"`
	Updated       int                   `json:"updated"`
}

type provisioningRefusal struct {
	At        wireTime       `json:"at"`
	Code      directory.Code `json:"code"`
	Detail    string         `json:"detail"`
	Operation string         `json:"operation"`
}

func provisioningStatusOf(s provisioning.Status) provisioningStatus {
	out := provisioningStatus{ApprovedUntil: wireTime{s.Breaker.ApprovedUntil}, LostUsers: s.Breaker.Lost}
	if h := s.Breaker.Hold; h != nil {
		out.Hold = &provisioningHold{
			At: wireTime{h.At}, By: h.Actor.ID(), Percent: h.Percent, TargetID: h.Target.ID, Users: h.Present, WouldLose: h.WouldBe,
		}
	}
	if r := s.Run; !r.StartedAt.IsZero() {
		out.LastRun = &provisioningRun{
			By: r.Actor.ID(), Created: r.Created, GroupsCreated: r.GroupsCreated, GroupsRemoved: r.GroupsRemoved,
			GroupsUpdated: r.GroupsUpdated, LastAt: wireTime{r.LastAt}, Reactivated: r.Reactivated, Refusals: []provisioningRefusal{},
			Removed: r.Removed, StartedAt: wireTime{r.StartedAt}, Suspended: r.Suspended, Updated: r.Updated,
		}
		for _, refused := range r.Refusals {
			out.LastRun.Refusals = append(out.LastRun.Refusals, provisioningRefusal{
				wireTime{refused.At}, refused.Code, refused.Detail, refused.Operation,
			})
		}
	}
	return out
}

func getProvisioning(rq *request) (provisioning.Status, error) {
	return rq.api.provisioner.GetStatus(rq.Context(), rq.call)
}

func approveProvisioning(rq *request) (provisioning.Status, error) {
	return rq.api.provisioner.ApproveHold(rq.Context(), rq.call)
}

func endProvisioningHold(rq *request) (provisioning.Status, error) {
	return rq.api.provisioner.EndHold(rq.Context(), rq.call)
}
