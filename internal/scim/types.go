package scim

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// resourceTypes are the types of an organization's resources.
type resourceTypes struct{ user, group *schema.ResourceType }

var coreTypes = &resourceTypes{schema.UserType(), schema.GroupType()}

// typeCache keeps the types of organizations that have schemas of their own, because
// parsing these takes long.
type typeCache struct {
	mu    sync.Mutex
	types map[directory.OrgID]parsedTypes
}

type parsedTypes struct {
	schemas []byte
	types   *resourceTypes
}

// maxCachedTypes bounds the memory of the cache.
const maxCachedTypes = 256

func (c *typeCache) of(org directory.OrgID, schemas json.RawMessage) (*resourceTypes, error) {
	if len(schemas) == 0 {
		return coreTypes, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cached, ok := c.types[org]; ok && bytes.Equal(cached.schemas, schemas) {
		return cached.types, nil
	}
	user, group, err := parseExtensions(schemas)
	if err != nil {
		return nil, err
	}
	if c.types == nil || len(c.types) >= maxCachedTypes {
		c.types = make(map[directory.OrgID]parsedTypes)
	}
	types := &resourceTypes{schema.UserType(user...), schema.GroupType(group...)}
	c.types[org] = parsedTypes{bytes.Clone(schemas), types}
	return types, nil
}

// groupSuffix is how the URNs of the extensions of groups end, as those of RFC 7643 do.
const groupSuffix = ":group"

// parseExtensions parses an array of schemas. Those whose URN ends with :Group extend
// groups, and the others users.
func parseExtensions(schemas json.RawMessage) (user, group []*schema.Schema, err error) {
	var each []json.RawMessage
	if err := json.Unmarshal(schemas, &each); err != nil {
		return nil, nil, schema.Errorf(schema.InvalidSyntax, "must be a JSON array of schemas as /Schemas shows them")
	}
	for _, one := range each {
		extension, err := schema.ParseExtension(one)
		if err != nil {
			return nil, nil, err
		}
		if strings.HasSuffix(strings.ToLower(extension.ID), groupSuffix) {
			group = append(group, extension)
		} else {
			user = append(user, extension)
		}
	}
	if err := schema.CheckExtensions(user); err != nil {
		return nil, nil, err
	}
	return user, group, schema.CheckExtensions(group)
}

// CheckExtensions checks the extension schemas of an organization, a JSON array. It
// returns them as they are stored, and the attributes whose values must be unique. Errors:
// [directory.Invalid].
func CheckExtensions(schemas json.RawMessage) (json.RawMessage, []directory.UniqueAttribute, error) {
	user, group, err := parseExtensions(schemas)
	if err != nil {
		return nil, nil, directory.InvalidField("schemas", "%s", err)
	}
	unique := append(uniqueIn(user, false), uniqueIn(group, true)...)
	checked, err := json.Marshal(append(user, group...))
	return checked, unique, err
}

// uniqueIn are the attributes of extensions that RFC 7643 section 7 calls unique. An
// organization is all that its directory sees, so server and global mean the same.
func uniqueIn(extensions []*schema.Schema, ofGroups bool) (unique []directory.UniqueAttribute) {
	for _, extension := range extensions {
		for ref := range extension.Refs() {
			if last := ref.Last(); last.Uniqueness != schema.None {
				unique = append(unique, directory.UniqueAttribute{Path: pathOf(ref), CaseExact: last.CaseExact, OfGroups: ofGroups})
			}
		}
	}
	return unique
}

// load returns the types of the principal's organization.
func (rq *request) load(op directory.Operation) (*resourceTypes, error) {
	schemas, err := rq.server.provisioner.Schemas(rq.ctx, rq.Call, op)
	if err != nil {
		return nil, err
	}
	return rq.server.types.of(rq.Call.Principal.OrgID, schemas)
}
