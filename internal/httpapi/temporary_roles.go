package httpapi

import (
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/schedules"
)

// temporaryRole is a role that a user has besides the base role until a time.
type temporaryRole struct {
	Role   roleRef          `json:"role"`
	Until  wireTime         `json:"until"`
	UserID directory.UserID `json:"userId"`
}

func temporaryRoleOf(t directory.TemporaryRole) temporaryRole {
	return temporaryRole{Role: roleRef(t.Role), Until: wireTime{t.Until}, UserID: t.UserID}
}

type temporaryRoleInput struct {
	Role  directory.RoleID `json:"role"`
	Until wireTime         `json:"until"`
}

func updateTemporaryRole(rq *request, body temporaryRoleInput) (directory.TemporaryRole, error) {
	return rq.api.service.UpdateTemporaryRole(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")),
		schedules.NewTemporaryRole{Role: body.Role, Until: body.Until.Time})
}
