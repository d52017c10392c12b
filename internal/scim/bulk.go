package scim

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/scim/schema"
)

const (
	bulkRequestURN  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	bulkResponseURN = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// bulkOperation is an operation of a bulk request (RFC 7644 section 3.7).
type bulkOperation struct {
	method, path, bulkID, version string
	data                          object
	err                           error // it can't be carried out
}

// bulkResult is what became of an operation.
type bulkResult struct {
	Location string `json:"location,omitempty"`
	Method   string `json:"method"`
	BulkID   string `json:"bulkId,omitempty"`
	Version  string `json:"version,omitempty"`
	Status   string `json:"status"`
	Response any    `json:"response,omitempty"`
}

// bulk carries out the operations one after the other, each in a transaction of its own
// under its own permission. Operations that refer to others come after them.
func bulk(rq *request) (*response, error) {
	operations, failOn, err := parseBulk(rq.body)
	if err != nil {
		return nil, err
	}
	if err := rq.Charge(len(operations) - 1); len(operations) > 1 && err != nil {
		return nil, err
	}
	run := bulkRun{rq: rq, operations: operations, failOn: failOn, ids: make(map[string]string), results: make([]*bulkResult, len(operations))}
	for _, step := range planBulk(link(operations)) {
		if err := rq.ctx.Err(); err != nil {
			return nil, err
		}
		if err := run.carryOut(step); err != nil {
			return nil, err
		}
		if run.failOn > 0 && run.failed >= run.failOn {
			break
		}
	}
	var results []bulkResult
	for _, result := range run.results {
		if result != nil {
			results = append(results, *result)
		}
	}
	return &response{status: http.StatusOK, body: object{"schemas": []string{bulkResponseURN}, "Operations": results}}, nil
}

// parseBulk reads a bulk request. Mistakes in one operation are its own error.
func parseBulk(body object) (operations []bulkOperation, failOn int, err error) {
	fields := lowered(body)
	if urns, _ := textsOf(fields["schemas"]); !slices.Contains(urns, bulkRequestURN) {
		return nil, 0, mistake(schema.InvalidSyntax, "schemas: must be [%q]", bulkRequestURN)
	}
	if value, ok := fields["failonerrors"]; ok && value != nil {
		f, isNumber := value.(float64)
		if failOn = int(f); !isNumber || failOn < 1 || float64(failOn) != f {
			return nil, 0, mistake(schema.InvalidValue, "failOnErrors: must be a whole number, 1 or more")
		}
	}
	list, ok := fields["operations"].([]any)
	if !ok || len(list) == 0 {
		return nil, 0, mistake(schema.InvalidSyntax, "Operations: must be a list of at least one operation")
	}
	if len(list) > MaxBulk {
		return nil, 0, directory.Errorf(protocol.TooLarge, "the request has %d operations; send at most %d at a time", len(list), MaxBulk)
	}
	for i, element := range list {
		o, ok := element.(object)
		if !ok {
			return nil, 0, mistake(schema.InvalidSyntax, "Operations[%d]: must be an object", i)
		}
		operations = append(operations, bulkOperationOf(lowered(o)))
	}
	return operations, failOn, nil
}

// lowered is an object with its names in lower case.
func lowered(o object) object {
	fields := make(object, len(o))
	for name, value := range o {
		fields[strings.ToLower(name)] = value
	}
	return fields
}

func bulkOperationOf(fields object) (o bulkOperation) {
	for name, to := range map[string]*string{"method": &o.method, "path": &o.path, "bulkid": &o.bulkID, "version": &o.version} {
		var ok bool
		if *to, ok = fields[name].(string); !ok && fields[name] != nil {
			o.err = mistake(schema.InvalidSyntax, "%s: must be a string", name)
		}
	}
	o.method = strings.ToUpper(o.method)
	switch o.data, _ = fields["data"].(object); {
	case o.err != nil:
	case o.method == http.MethodPost && o.bulkID == "":
		o.err = mistake(schema.InvalidValue, "bulkId: is required for POST")
	case o.data == nil && o.method != http.MethodDelete:
		o.err = mistake(schema.InvalidSyntax, "data: must be an object")
	}
	return o
}

// link finds out which operations refer to which, as [planBulk] takes it. References that
// lead nowhere are errors of their operations.
func link(operations []bulkOperation) (refs []map[string]bool, creates map[string]int) {
	creates = make(map[string]int)
	for i := range operations {
		o := &operations[i]
		if o.method != http.MethodPost || o.err != nil {
			continue
		}
		if _, twice := creates[o.bulkID]; twice {
			o.err = mistake(schema.InvalidValue, "bulkId: %s is the bulkId of another operation too", quote.Input(o.bulkID))
			continue
		}
		creates[o.bulkID] = i
	}
	refs = make([]map[string]bool, len(operations))
	for i := range operations {
		o := &operations[i]
		refs[i] = make(map[string]bool)
		refsIn(o.data, refs[i])
		for segment := range strings.SplitSeq(o.path, "/") {
			refsIn(segment, refs[i])
		}
		for id := range refs[i] {
			if _, ok := creates[id]; !ok {
				o.err = mistake(schema.InvalidValue, "%s is the bulkId of no operation that creates something", quote.Input(bulkRef+id))
				delete(refs[i], id)
			}
		}
	}
	return refs, creates
}

// bulkRun is a bulk request under way.
type bulkRun struct {
	rq         *request
	operations []bulkOperation
	failOn     int
	failed     int
	ids        map[string]string // of what was created, by bulkId
	results    []*bulkResult
}

// carryOut carries out a step. It returns only errors without a code, which end the
// request.
func (run *bulkRun) carryOut(step bulkStep) error {
	o := run.operations[step.operation]
	result := &bulkResult{Method: o.method, BulkID: o.bulkID}
	if before := run.results[step.operation]; before != nil {
		if before.Response != nil {
			return nil // it could not be created
		}
		*result = *before
	}
	answer, rt, err := run.try(o, step)
	if err != nil {
		e, known := errors.AsType[*directory.Error](err)
		if !known {
			return err
		}
		status, body := errorOf(e)
		result.Status, result.Response = strconv.Itoa(status), body
		run.results[step.operation] = result
		run.failed++
		if rt.op.Name != "" {
			run.rq.Refused(rt.op, directory.Target{}, err)
		}
		return nil
	}
	if !step.completes {
		result.Status = strconv.Itoa(answer.status)
	}
	result.Location, result.Version = answer.location, answer.tag
	switch o.method {
	case http.MethodPost:
		run.ids[o.bulkID] = answer.location[strings.LastIndexByte(answer.location, '/')+1:]
	case http.MethodDelete:
		result.Location = run.rq.base + run.path(o)
	}
	run.results[step.operation] = result
	return nil
}

// try carries out an operation by its route.
func (run *bulkRun) try(o bulkOperation, step bulkStep) (*response, route, error) {
	if o.err != nil {
		return nil, route{}, o.err
	}
	path, data := run.path(o), leaveOut(o.data, step.without)
	data, _ = resolve(data, run.ids).(object)
	refs := make(map[string]bool)
	refsIn(data, refs)
	refsIn(path[strings.LastIndexByte(path, '/')+1:], refs)
	for id := range refs {
		return nil, route{}, directory.Errorf(directory.Conflict, "the operation %s, which this one refers to, failed", quote.Input(bulkRef+id))
	}
	method := o.method
	if step.completes {
		method, path = http.MethodPut, path+"/"+run.ids[o.bulkID]
	}
	rt, id, ok := routeOf(method, path)
	if !ok {
		return nil, route{}, mistake(schema.InvalidValue, "%s %s is not an operation; use POST to /Users or /Groups, or PUT, PATCH or DELETE to one of these",
			quote.Cut(method), quote.Cut(path))
	}
	var c conditions
	if o.version != "" {
		c.match = []string{o.version}
	}
	sub := run.rq.withBody(id, data, c)
	if err := sub.checkID(); err != nil {
		return nil, rt, err
	}
	answer, err := rt.handle(sub)
	return answer, rt, coded(err)
}

// path is an operation's path, with an id in place of a reference.
func (run *bulkRun) path(o bulkOperation) string {
	slash := strings.LastIndexByte(o.path, '/')
	if ref, ok := strings.CutPrefix(o.path[slash+1:], bulkRef); ok {
		if id, known := run.ids[ref]; known {
			return o.path[:slash+1] + id
		}
	}
	return o.path
}

// routeOf finds the route of an operation, and the id in its path.
func routeOf(method, path string) (rt route, id string, ok bool) {
	parts := strings.Split(path, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "" || (parts[1] != "Users" && parts[1] != "Groups") || method == http.MethodGet {
		return rt, "", false
	}
	pattern := "/" + parts[1]
	if len(parts) == 3 {
		if parts[2] == "" || parts[2] == ".search" {
			return rt, "", false
		}
		id = parts[2]
		pattern += "/{id}"
	}
	i := slices.IndexFunc(routes, func(rt route) bool { return rt.method == method && rt.path == pattern })
	if i < 0 {
		return rt, "", false
	}
	return routes[i], id, true
}
