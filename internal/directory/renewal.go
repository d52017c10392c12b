package directory

import (
	"context"
	"time"
)

// Renewal returns a principal as it is now, or an error if it has ended.
type Renewal func(context.Context) (*Principal, error)

// renewPatience is how long a renewal may take: a store that does not answer tells
// nobody that they still may.
const renewPatience = 500 * time.Millisecond

// Check reports whether the principal still acts in the organization and may do op.
func (r Renewal) Check(ctx context.Context, org OrgID, op Operation) error {
	ctx, cancel := context.WithTimeout(ctx, renewPatience)
	defer cancel()
	p, err := r(ctx)
	if err != nil {
		return err
	}
	if p.OrgID != org {
		return ErrNotYours
	}
	return op.Authorize(p)
}
