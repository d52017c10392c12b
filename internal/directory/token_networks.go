package directory

import "github.com/rosterhq/roster/internal/networks"

// Networks are the networks that a token may be used from; none stands for anywhere.
type Networks = networks.Set

// ParseNetworks reads networks and addresses. The error is [Invalid] and blames the
// field networks.
func ParseNetworks(list []string) (Networks, error) {
	n, err := networks.Parse(list)
	return n, inText("networks", err)
}

// TokenNetworks are the networks that a token is bound to.
type TokenNetworks struct {
	ID       TokenID
	Networks Networks
}
