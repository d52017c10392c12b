package scim

import (
	"net/http"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// object is a JSON object.
type object = map[string]any

// getConfig describes what the server supports (RFC 7643 section 5, RFC 9865 section 4).
func getConfig(rq *request) (*response, error) {
	return rq.discovered(object{
		"schemas":        []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":          object{"supported": true},
		"bulk":           object{"supported": true, "maxOperations": MaxBulk, "maxPayloadSize": MaxBulkBody},
		"filter":         object{"supported": true, "maxResults": MaxPage},
		"changePassword": object{"supported": false},
		"sort":           object{"supported": true},
		"etag":           object{"supported": true},
		"pagination": object{
			"cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": DefaultPage, "maxPageSize": MaxPage,
		},
		"authenticationSchemes": []object{{
			"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "An API token of the organization, or a personal token with the organization's id in X-Axiom-Org-Id, as in Authorization: Bearer xaat-…",
			"specUri":     "https://www.rfc-editor.org/rfc/rfc6750",
		}},
	}, "ServiceProviderConfig", "/ServiceProviderConfig")
}

// discovered responds with an object that describes the server. Filters are forbidden
// here (RFC 7644 section 4).
func (rq *request) discovered(o object, kind, path string) (*response, error) {
	if rq.query.Has("filter") {
		return nil, directory.Errorf(directory.Forbidden, "what describes the server can't be filtered; leave out filter")
	}
	return &response{status: http.StatusOK, body: rq.described(o, kind, path)}, nil
}

func (rq *request) described(o object, kind, path string) object {
	o["meta"] = object{"resourceType": kind, "location": rq.base + path}
	return o
}

func (rq *request) listOf(all []object) (*response, error) {
	if rq.query.Has("filter") {
		return nil, directory.Errorf(directory.Forbidden, "what describes the server can't be filtered; leave out filter")
	}
	return &response{status: http.StatusOK, body: listBody{
		Schemas: []string{listURN}, Total: new(len(all)), Start: new(1), Items: len(all), Resources: all,
	}}, nil
}

func (rq *request) describeType(t *schema.ResourceType) object {
	d := t.Describe()
	o := object{
		"schemas": d.Schemas, "id": d.ID, "name": d.Name, "endpoint": d.Endpoint, "description": d.Description, "schema": d.Schema,
	}
	if len(d.Extensions) > 0 {
		o["schemaExtensions"] = d.Extensions
	}
	return rq.described(o, "ResourceType", "/ResourceTypes/"+d.ID)
}

func (rq *request) describeSchema(s *schema.Schema) object {
	return rq.described(object{
		"schemas": s.Schemas, "id": s.ID, "name": s.Name, "description": s.Description, "attributes": s.Attributes,
	}, "Schema", "/Schemas/"+s.ID)
}

func listResourceTypes(rq *request) (*response, error) {
	types, err := rq.load(directory.OpGetProvisioningSchemas)
	if err != nil {
		return nil, err
	}
	return rq.listOf([]object{rq.describeType(types.user), rq.describeType(types.group)})
}

func getResourceType(rq *request) (*response, error) {
	types, err := rq.load(directory.OpGetProvisioningSchemas)
	if err != nil {
		return nil, err
	}
	for _, t := range []*schema.ResourceType{types.user, types.group} {
		if t.Name == rq.id {
			return &response{status: http.StatusOK, body: rq.describeType(t)}, nil
		}
	}
	return nil, directory.Errorf(directory.NotFound, "there is no resource type %s; there are User and Group", quote.Input(rq.id))
}

func (types *resourceTypes) schemas() []*schema.Schema {
	return append(types.user.Schemas(), types.group.Schemas()...)
}

func listSchemas(rq *request) (*response, error) {
	types, err := rq.load(directory.OpGetProvisioningSchemas)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, s := range types.schemas() {
		all = append(all, rq.describeSchema(s))
	}
	return rq.listOf(all)
}

func getSchema(rq *request) (*response, error) {
	types, err := rq.load(directory.OpGetProvisioningSchemas)
	if err != nil {
		return nil, err
	}
	for _, s := range types.schemas() {
		if strings.EqualFold(s.ID, rq.id) {
			return &response{status: http.StatusOK, body: rq.describeSchema(s)}, nil
		}
	}
	return nil, directory.Errorf(directory.NotFound, "there is no schema %s; /Schemas lists those there are", quote.Input(rq.id))
}
