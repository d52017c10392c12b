package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

func TestProvisioningSettings(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	const path = "/v2/scim/settings"
	ans := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
	if string(ans.Body) != `{"breakerPercent":20,"defaultRole":"user","schemas":[]}`+"\n" {
		t.Errorf("at first %s", ans.Body)
	}
	tag := ans.Header.Get("ETag")
	s.Want(http.StatusNotModified, "GET", path, apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": tag}})
	set := apptest.Request{
		Token: s.PersonalToken, Header: map[string]string{"If-Match": tag}, Body: `{"breakerPercent":10,"defaultRole":"read-only","schemas":[]}`,
	}
	s.Want(http.StatusOK, "PUT", path, set)
	wantError(t, s.Do("PUT", path, set), 412, "precondition_failed", "")
	for body, blamed := range map[string]string{
		`{"breakerPercent":0,"defaultRole":"user","schemas":[]}`:    "breakerPercent",
		`{"breakerPercent":101,"defaultRole":"user","schemas":[]}`:  "breakerPercent",
		`{"breakerPercent":20,"defaultRole":"owner","schemas":[]}`:  "defaultRole",
		`{"breakerPercent":20,"defaultRole":"nobody","schemas":[]}`: "defaultRole",
		`{"breakerPercent":20,"defaultRole":"user"}`:                "schemas",
	} {
		wantError(t, s.Do("PUT", path, as(s.PersonalToken, body)), 400, "invalid", blamed)
	}
	s.CreateUser("Adam", "adam@example.com", "admin")
	wantError(t, s.Do("PUT", path, as(s.TokenOf("adam@example.com"), `{"breakerPercent":99,"defaultRole":"read-only","schemas":[]}`)), 403, "forbidden", "owner")
}

func TestUniqueAttributesConflict(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	const badge = "urn:example:acme:2.0:User:badge"
	settings := func(uniqueness string) apptest.Request {
		return as(s.PersonalToken, `{"breakerPercent":20,"defaultRole":"user","schemas":[{"id":"urn:example:acme:2.0:User","attributes":[{"name":"badge","uniqueness":"`+uniqueness+`"}]}]}`)
	}
	profile := as(s.APIToken, `{"externalId":"","attributes":{"urn:example:acme:2.0:User":{"badge":"A1"}}}`)
	jane, carl := s.CreateUser("Jane", "jane@example.com", "user"), s.CreateUser("Carl", "carl@example.com", "user")
	s.Want(http.StatusOK, "PUT", "/v2/users/"+jane.ID+"/profile", profile)
	s.Want(http.StatusOK, "PUT", "/v2/scim/settings", settings("server"))
	wantError(t, s.Do("PUT", "/v2/users/"+carl.ID+"/profile", profile), 409, "conflict", badge)
	s.Want(http.StatusOK, "PUT", "/v2/scim/settings", settings("none"))
	s.Want(http.StatusOK, "PUT", "/v2/users/"+carl.ID+"/profile", profile)
	wantError(t, s.Do("PUT", "/v2/scim/settings", settings("server")), 409, "conflict", badge)
}

func TestHoldIsShownApprovedAndEnded(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	if ans := s.Want(http.StatusOK, "GET", "/v2/scim", as(s.APIToken, "")); string(ans.Body) != `{"approvedUntil":null,"hold":null,"lastRun":null,"lostUsers":0}`+"\n" {
		t.Errorf("at first %s", ans.Body)
	}
	for _, action := range []string{"approve", "end"} {
		wantError(t, s.Do("POST", "/v2/scim/hold/"+action, as(s.PersonalToken, "")), 409, "conflict", "not held")
	}
	p := provisioning.New(s.Service, s.Onboarding, nil)
	principal, err := s.Service.Authenticate(t.Context(), s.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	call := directory.Call{Principal: principal}
	made := make([]provisioning.Person, 20)
	for i := range made {
		if made[i], err = p.CreateUser(t.Context(), call, provisioning.Profile{UserName: fmt.Sprintf("u%d@example.com", i), Active: true}); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(users []provisioning.Person) (err error) {
		for _, u := range users {
			if err := p.DeleteUser(t.Context(), call, u.ID, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if err := remove(made[:6]); directory.CodeOf(err) != directory.Conflict {
		t.Fatalf("six: %v", err)
	}
	ans := s.Want(http.StatusOK, "GET", "/v2/scim", as(s.APIToken, ""))
	if body := string(ans.Body); !strings.Contains(body, `"wouldLose":6`) || !strings.Contains(body, `"created":20`) || !strings.Contains(body, `"refusals":[{`) {
		t.Errorf("held: %s", body)
	}
	s.Want(http.StatusNotModified, "GET", "/v2/scim", apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": ans.Header.Get("ETag")}})
	s.CreateUser("Adam", "adam@example.com", "admin")
	for _, action := range []string{"approve", "end"} {
		wantError(t, s.Do("POST", "/v2/scim/hold/"+action, as(s.TokenOf("adam@example.com"), "")), 403, "forbidden", "owner")
		s.Want(http.StatusOK, "POST", "/v2/scim/hold/"+action+"?dryRun=true", as(s.PersonalToken, ""))
	}
	s.Want(http.StatusOK, "POST", "/v2/scim/hold/end", as(s.PersonalToken, ""))
	if err := remove(made[5:11]); directory.CodeOf(err) != directory.Conflict {
		t.Fatalf("six more: %v", err)
	}
	s.Want(http.StatusOK, "POST", "/v2/scim/hold/approve", as(s.PersonalToken, ""))
	if err := remove(made[10:]); err != nil {
		t.Errorf("approved: %v", err)
	}
	if n := len(entriesOf(t, s, s.APIToken, "action=holdProvisioning")); n != 2 {
		t.Errorf("%d entries about holds", n)
	}
}
