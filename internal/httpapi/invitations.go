package httpapi

import "github.com/rosterhq/roster/internal/directory"

type roleRef struct {
	ID   directory.RoleID `json:"id"`
	Name string           `json:"name"`
}

type invitation struct {
	ExpiresAt wireTime         `json:"expiresAt"`
	InvitedAt wireTime         `json:"invitedAt"`
	OrgID     directory.OrgID  `json:"orgId"`
	OrgName   string           `json:"orgName"`
	Role      roleRef          `json:"role"`
	UserID    directory.UserID `json:"userId"`
}

func invitationOf(m directory.Membership) invitation {
	return invitation{
		ExpiresAt: wireTime{m.User.ExpiresAt}, InvitedAt: wireTime{m.User.CreatedAt}, OrgID: m.Org.ID, OrgName: m.Org.Name,
		Role: roleRef(m.User.Role), UserID: m.User.ID,
	}
}

func acceptInvitation(rq *request) (directory.User, error) {
	return rq.api.service.AcceptInvitation(rq.Context(), rq.call, directory.OrgID(rq.PathValue("orgId")))
}

func declineInvitation(rq *request) error {
	return rq.api.service.DeclineInvitation(rq.Context(), rq.call, directory.OrgID(rq.PathValue("orgId")))
}
