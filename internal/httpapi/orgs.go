package httpapi

import (
	"math"

	"github.com/rosterhq/roster/internal/directory"
)

// org is the v2 object of an organization. Roster has no plans, so plan, payment and
// license are constants that mean unlimited.
type org struct {
	DefaultEdgeDeployment string           `json:"defaultEdgeDeployment"`
	ID                    directory.OrgID  `json:"id"`
	LastUsageSync         wireTime         `json:"lastUsageSync"`
	License               license          `json:"license"`
	MetaCreated           wireTime         `json:"metaCreated"`
	MetaModified          wireTime         `json:"metaModified"`
	Name                  string           `json:"name"`
	PaymentStatus         string           `json:"paymentStatus"`
	Plan                  string           `json:"plan"`
	PlanCreated           wireTime         `json:"planCreated"`
	PrimaryEmail          string           `json:"primaryEmail"`
	Role                  directory.RoleID `json:"role,omitzero"`
}

type license struct {
	APIRateLimitPerSecond uint64          `json:"apiRateLimitPerSecond"`
	BillingPeriodEnd      wireTime        `json:"billingPeriodEnd"`
	BillingPeriodStart    wireTime        `json:"billingPeriodStart"`
	DefaultEdgeDeployment string          `json:"defaultEdgeDeployment"`
	EdgeDeployments       []string        `json:"edgeDeployments"`
	ExpiresAt             wireTime        `json:"expiresAt"`
	Features              map[string]bool `json:"features"`
	ID                    directory.OrgID `json:"id"`
	IssuedAt              wireTime        `json:"issuedAt"`
	IssuedTo              string          `json:"issuedTo"`
	Issuer                string          `json:"issuer"`
	MaxAuditWindowSeconds uint64          `json:"maxAuditWindowSeconds"`
	MaxDatasets           uint64          `json:"maxDatasets"`
	MaxEndpoints          uint64          `json:"maxEndpoints"`
	MaxFields             uint64          `json:"maxFields"`
	MaxMonitors           uint64          `json:"maxMonitors"`
	MaxQueryWindowSeconds uint64          `json:"maxQueryWindowSeconds"`
	MaxUsers              uint64          `json:"maxUsers"`
	MonthlyIngestGB       uint64          `json:"monthlyIngestGb"`
	MonthlyQueryGBHours   uint64          `json:"monthlyQueryGbHours"`
	Tier                  string          `json:"tier"`
	ValidFrom             wireTime        `json:"validFrom"`
	WithAuths             []string        `json:"withAuths"`
}

// unlimited is small enough for clients that read numbers as signed 32-bit integers, or
// seconds as 64-bit nanoseconds.
const unlimited = math.MaxInt32

const edge = "self-hosted"

func orgOf(m directory.Membership) org {
	created := wireTime{m.Org.CreatedAt}
	return org{
		DefaultEdgeDeployment: edge, ID: m.Org.ID, LastUsageSync: created, MetaCreated: created,
		MetaModified: wireTime{m.Org.UpdatedAt}, Name: m.Org.Name, PaymentStatus: "na", Plan: "comped",
		PlanCreated: created, PrimaryEmail: m.User.Email, Role: m.User.Role.ID,
		License: license{
			APIRateLimitPerSecond: unlimited, BillingPeriodStart: created, BillingPeriodEnd: created,
			DefaultEdgeDeployment: edge, EdgeDeployments: []string{edge}, Features: map[string]bool{"rbac": true},
			ID: m.Org.ID, IssuedAt: created, IssuedTo: m.Org.Name, Issuer: "roster", MaxAuditWindowSeconds: unlimited,
			MaxDatasets: unlimited, MaxEndpoints: unlimited, MaxFields: unlimited, MaxMonitors: unlimited,
			MaxQueryWindowSeconds: unlimited, MaxUsers: unlimited, MonthlyIngestGB: unlimited,
			MonthlyQueryGBHours: unlimited, Tier: "comped", ValidFrom: created, WithAuths: []string{"token"},
		},
	}
}

// orgBody has the writable members of an organization. A deployment has one edge, so any
// other is an error.
type orgBody struct {
	Name           string `json:"name"`
	EdgeDeployment string `json:"edgeDeployment"`
}

func checkEdge(name string) error {
	if name != "" && name != edge {
		return directory.InvalidField("edgeDeployment", "must be %q or left out", edge)
	}
	return nil
}

func createOrg(rq *request, body orgBody) (directory.Membership, error) {
	if err := checkEdge(body.EdgeDeployment); err != nil {
		return directory.Membership{}, err
	}
	return rq.api.service.CreateOrg(rq.Context(), rq.call, body.Name)
}

type orgNameBody struct {
	Name string `json:"name"`
}

func updateOrg(rq *request, body orgNameBody) (directory.Membership, error) {
	return rq.api.service.UpdateOrg(rq.Context(), rq.call, directory.OrgID(rq.PathValue("id")), body.Name)
}
