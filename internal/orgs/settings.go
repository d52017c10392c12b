package orgs

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Limits on the maximum lifetime of tokens that an organization can set.
const (
	MinTokenLifetime = time.Hour
	MaxTokenLifetime = 36500 * 24 * time.Hour
)

// GetOrgSettings returns the settings of an organization that the principal belongs
// to. Errors: [directory.NotFound] for any other.
func (r *Registry) GetOrgSettings(ctx context.Context, call directory.Call, id directory.OrgID) (directory.OrgSettings, error) {
	return ReadSettings(ctx, r.directory, call, directory.OpGetOrgSettings, id, all)
}

// UpdateOrgSettings changes an organization's settings. A maximum lifetime holds
// for API tokens made from then on; those that exist keep their ends. A personal
// token that is older can't act in the organization any more, from the next
// request on.
//
// Needs a personal token of an owner or admin of it. Audit entry updateOrgSettings.
// Errors: [directory.NotFound] for an organization that the account is not in;
// [directory.Invalid]; [directory.Conflict] if the token used would itself be too old.
func (r *Registry) UpdateOrgSettings(ctx context.Context, call directory.Call, id directory.OrgID, in directory.OrgSettings) (directory.OrgSettings, error) {
	if n := in.MaxTokenSeconds; n != 0 && (n < int64(MinTokenLifetime/time.Second) || n > int64(MaxTokenLifetime/time.Second)) {
		return in, directory.InvalidField("maxTokenLifetimeSeconds", "must be from %d (an hour) to %d (100 years), or null for any lifetime",
			int64(MinTokenLifetime/time.Second), int64(MaxTokenLifetime/time.Second))
	}
	return ChangeSettings(ctx, r.directory, call, directory.OpUpdateOrgSettings, id, all, func(c *directory.Change, settings *directory.OrgSettings) error {
		if err := needAdmin(c, "the organization's settings"); err != nil {
			return err
		}
		if c.Actor().Kind == directory.PersonalToken {
			t, err := c.PersonalToken(c.Actor().AccountID, c.Actor().TokenID)
			if err != nil {
				return err
			}
			if in.Refuses(t, c.Now()) {
				return directory.Errorf(directory.Conflict, "the token that you use is older than this maximum and could not undo it; "+
					"make a new personal token and use that")
			}
		}
		settings.MaxTokenSeconds = in.MaxTokenSeconds
		return nil
	})
}

// all is the part of the settings that has all of them.
func all(s directory.OrgSettings) directory.OrgSettings { return s }

// ReadSettings carries out an operation that reads a part of the settings of an
// organization that the principal belongs to. Errors: [directory.NotFound] for any other.
func ReadSettings[T any](ctx context.Context, s *directory.Service, call directory.Call, op directory.Operation, id directory.OrgID,
	part func(directory.OrgSettings) T,
) (T, error) {
	return directory.Read(ctx, s, call, op, func(tx directory.Tx) (out T, err error) {
		if _, err := membership(tx, call.Principal, id); err != nil {
			return out, err
		}
		settings, err := tx.OrgSettings(id)
		return part(settings), err
	})
}

// ChangeSettings carries out an operation that changes a part of an organization's settings,
// to which the call's precondition applies. The principal acts in that organization,
// whichever one the request names. change holds the operation's own rules, and changes the
// settings it receives. The audit entry has all settings. Errors: [directory.NotFound] for
// an organization that the account is not in.
func ChangeSettings[T directory.Guarded](ctx context.Context, s *directory.Service, call directory.Call, op directory.Operation, id directory.OrgID,
	part func(directory.OrgSettings) T, change func(*directory.Change, *directory.OrgSettings) error,
) (T, error) {
	return writeIn(ctx, s, call, op, id, func(c *directory.Change, _ directory.Membership) (out T, err error) {
		before, err := c.OrgSettings(id)
		if err != nil {
			return out, err
		}
		if err := c.Check(part(before)); err != nil {
			return out, err
		}
		after := before
		if err := change(c, &after); err != nil {
			return out, err
		}
		if err := c.SetOrgSettings(id, after); err != nil {
			return out, err
		}
		return part(after), c.Record(directory.SettingsTarget(id), before.Recorded(), after.Recorded())
	})
}
