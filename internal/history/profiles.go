package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// Profiles that directories keep, and the settings of directories, are replayed apart from
// users and groups. These are the kinds of their states.
const (
	userProfile  = "user's profile"
	groupProfile = "group's profile"
	settingsKind = "directory's settings"
)

// profileState is a profile. An attribute that is nil is absent.
type profileState struct {
	UserName   string
	ExternalID string
	Attributes map[string]any
	Changes    int64 // of a user's profile, as many as its version
	Erased     bool  // an entry about it was erased, so the rest is unknown
}

// recordedState is what an entry about a user or group says of a profile: of a user's, the
// parts that change, and of a group's, all of it.
type recordedState struct {
	Email   string
	Profile *struct {
		UserName   string
		ExternalID *string
		Attributes map[string]any
	}
}

// applyProfile makes the change of a profile or of the settings that an entry records.
func (r *replayer) applyProfile(e directory.Entry) error {
	switch {
	case e.Target.Type == "user":
		return r.changeUserProfile(stateKey{userProfile, e.Target.ID}, e)
	case e.Target.Type == "group":
		return r.changeGroupProfile(stateKey{groupProfile, e.Target.ID}, e)
	case e.Action == directory.OpUpdateProvisioningSettings.Name:
		set, err := decodeState(e.After, func(*directory.ProvisioningSettings) {})
		if err != nil {
			return err
		}
		r.state[stateKey{settingsKind, e.Target.ID}], err = plain(set)
		return err
	}
	return nil
}

func (r *replayer) changeUserProfile(key stateKey, e directory.Entry) error {
	before, after, err := recordedStates(e)
	if err != nil {
		return err
	}
	is, known := r.state[key].(profileState)
	switch {
	case after == nil:
		r.leave(key)
		return nil
	case is.Erased:
		return nil
	case e.Secrets.TargetHash != nil:
		r.state[key] = profileState{Erased: true}
		return nil
	case after.Profile == nil:
		return nil
	case before == nil || known:
	case !r.complete:
		return nil // the log begins here for this profile
	default:
		if is, err = r.unstored(key.id, before.Email); err != nil {
			return err
		}
	}
	if before != nil && before.Profile != nil {
		if err := is.expect(*before); err != nil {
			return err
		}
	}
	delete(r.names, text.FoldKey(is.UserName))
	is = is.with(*after)
	r.names[text.FoldKey(is.UserName)] = key.id
	r.state[key] = is
	return nil
}

// changeGroupProfile does not count changes, because a group has a version for everything.
// A profile without contents need not be stored.
func (r *replayer) changeGroupProfile(key stateKey, e directory.Entry) error {
	before, after, err := recordedStates(e)
	if err != nil {
		return err
	}
	is, known := r.state[key].(profileState)
	switch {
	case after == nil:
		r.leave(key)
		return nil
	case after.Profile == nil:
		return nil
	case before != nil && !known && !r.gone[key] && !r.complete:
		return nil // the log begins here for this profile
	case before != nil && before.Profile != nil:
		if was := (profileState{}).with(*before); !reflect.DeepEqual(was, is.counted(1)) {
			return fmt.Errorf("the entries before lead to the profile %s, but it was %s", stateText(is), stateText(was))
		}
	}
	is = profileState{}.with(*after).counted(0)
	if is.ExternalID == "" && len(is.Attributes) == 0 {
		r.leave(key)
		return nil
	}
	r.state[key] = is
	return nil
}

// leave notes that a profile is gone.
func (r *replayer) leave(key stateKey) {
	if is, ok := r.state[key].(profileState); ok {
		delete(r.names, text.FoldKey(is.UserName))
	}
	delete(r.state, key)
	r.gone[key] = true
}

func recordedStates(e directory.Entry) (before, after *recordedState, err error) {
	read := func(raw json.RawMessage) (s *recordedState, err error) {
		if raw != nil {
			err = json.Unmarshal(raw, &s)
		}
		return s, err
	}
	before, errBefore := read(e.Before)
	after, errAfter := read(e.After)
	return before, after, errors.Join(errBefore, errAfter)
}

// unstored is the profile of a user whom no directory has changed: it follows from the
// account. The user name is the id if a directory gave the address as a name to another.
func (r *replayer) unstored(id, email string) (profileState, error) {
	p := profileState{UserName: email}
	if _, taken := r.names[text.FoldKey(email)]; taken {
		p.UserName = id
	}
	err := p.setAttributes(directory.AttributesOf(directory.User{Email: email}))
	return p, err
}

// setAttributes sets attributes as entries have them.
func (p *profileState) setAttributes(attributes map[string]any) error {
	v, err := plain(attributes)
	p.Attributes, _ = v.(map[string]any)
	return err
}

// plain is a value as JSON has it, whatever types it is made of.
func plain(v any) (decoded any, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(b, &decoded)
	return decoded, err
}

// expect compares a user's profile with what an entry says that it was.
func (p profileState) expect(was recordedState) error {
	if name := was.Profile.UserName; name != "" && name != p.UserName {
		return fmt.Errorf("the entries before lead to the user name %q, but it was %q", p.UserName, name)
	}
	if id := was.Profile.ExternalID; id != nil && *id != p.ExternalID {
		return fmt.Errorf("the entries before lead to the external id %q, but it was %q", p.ExternalID, *id)
	}
	for name, value := range was.Profile.Attributes {
		if !reflect.DeepEqual(value, p.Attributes[name]) {
			return fmt.Errorf("the entries before lead to %s as the attribute %s, but it was %s", stateText(p.Attributes[name]), name, stateText(value))
		}
	}
	return nil
}

// with is the state after a change.
func (p profileState) with(change recordedState) profileState {
	attributes := make(map[string]any)
	for _, all := range []map[string]any{p.Attributes, change.Profile.Attributes} {
		for name, value := range all {
			if attributes[name] = value; value == nil {
				delete(attributes, name)
			}
		}
	}
	p.Attributes = attributes
	if change.Profile.UserName != "" {
		p.UserName = change.Profile.UserName
	}
	if change.Profile.ExternalID != nil {
		p.ExternalID = *change.Profile.ExternalID
	}
	return p.counted(p.Changes + 1)
}

// counted is the state with a number of changes, and attributes that are not nil.
func (p profileState) counted(changes int64) profileState {
	p.Changes = changes
	if p.Attributes == nil {
		p.Attributes = make(map[string]any)
	}
	return p
}

// storedProfiles reads the profiles and settings that are stored.
func storedProfiles(tx directory.Tx, org directory.OrgID, all map[stateKey]any) error {
	settings, err := tx.ProvisioningSettings(org)
	if err != nil {
		return err
	}
	if settings.DefaultRole != "" {
		settings.Unique = nil // follows from the schemas
		if all[stateKey{settingsKind, string(org)}], err = plain(settings); err != nil {
			return err
		}
	}
	err = eachPage(func(q directory.ProfileQuery) (*directory.ProfileCursor, error) {
		users, next, err := tx.Profiles(org, q)
		for _, u := range users {
			p := profileState{UserName: u.Profile.UserName, ExternalID: u.Profile.ExternalID}
			if err := p.setAttributes(u.Profile.Attributes); err != nil {
				return nil, err
			}
			if u.Profile.Version > 0 {
				all[stateKey{userProfile, string(u.ID)}] = p.counted(u.Profile.Version)
			}
		}
		return next, err
	})
	if err != nil {
		return err
	}
	return eachPage(func(q directory.ProfileQuery) (*directory.ProfileCursor, error) {
		groups, next, err := tx.GroupProfiles(org, q)
		for _, g := range groups {
			p := profileState{ExternalID: g.Profile.ExternalID}
			if err := p.setAttributes(g.Profile.Attributes); err != nil {
				return nil, err
			}
			if p.ExternalID != "" || len(p.Attributes) > 0 {
				all[stateKey{groupProfile, string(g.ID)}] = p.counted(0)
			}
		}
		return next, err
	})
}

// eachPage calls fn for each page of a list.
func eachPage(fn func(directory.ProfileQuery) (*directory.ProfileCursor, error)) error {
	q := directory.ProfileQuery{Limit: directory.MaxProfilePage}
	for {
		next, err := fn(q)
		if err != nil || next == nil {
			return err
		}
		q.After = next
	}
}
