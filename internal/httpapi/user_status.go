package httpapi

import "github.com/rosterhq/roster/internal/directory"

// userStatus is the state of a membership, a resource of its own: the v2 object of a
// user has exactly its four members.
type userStatus struct {
	Status directory.UserStatus `json:"status"`
}

func userStatusOf(u directory.UserState) userStatus { return userStatus{u.Status()} }

func updateUserStatus(rq *request, body userStatus) (directory.UserState, error) {
	kinds, err := rq.revocation()
	if err != nil {
		return directory.UserState{}, err
	}
	u, left, err := rq.api.service.UpdateUserStatusAndRevoke(rq.Context(), rq.call, directory.UserID(rq.PathValue("id")), body.Status, kinds)
	if err == nil && u.Suspended {
		rq.showLeft(left)
	}
	return u, err
}
