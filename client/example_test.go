package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/rosterhq/roster/client"
)

func ExampleClient_CreateUser() {
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	user, err := c.CreateUser(context.Background(), client.NewUser{Name: "Jane Doe", Email: "jane@example.com", Role: "user"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s has the role %s\n", user.Name, user.Role.Name)
	// Output: Jane Doe has the role user
}

// PageSize bounds what one request returns. The client requests the next page when the
// loop reaches it.
func ExampleClient_ListUsers() {
	ctx := context.Background()
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Ada", "Ben", "Cleo"} {
		if _, err := c.CreateUser(ctx, client.NewUser{Name: name, Email: name + "@auditors.example", Role: "read-only"}); err != nil {
			log.Fatal(err)
		}
	}
	for user, err := range c.ListUsers(ctx, client.ListUsersOptions{Role: "read-only", PageSize: 2}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.Name, user.Email)
	}
	// Unordered output:
	// Ada Ada@auditors.example
	// Ben Ben@auditors.example
	// Cleo Cleo@auditors.example
}

// Only the answer to CreateAPIToken has the token's value.
func ExampleClient_CreateAPIToken() {
	ctx := context.Background()
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	token, err := c.CreateAPIToken(ctx, client.NewAPIToken{
		Name:         "onboarding",
		Capabilities: client.Capabilities{Org: map[string][]string{"users": {"create"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	onboarding, err := client.New(os.Getenv("ROSTER_URL"), token.Token)
	if err != nil {
		log.Fatal(err)
	}
	user, err := onboarding.CreateUser(ctx, client.NewUser{Name: "New Hire", Email: "new.hire@example.com", Role: "user"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Created", user.Name)
	err = onboarding.RemoveUser(ctx, user.ID)
	fmt.Println("May it remove users?", !errors.Is(err, client.ErrForbidden))
	// Output:
	// Created New Hire
	// May it remove users? false
}

func ExampleClient_AskUserAccess() {
	ctx := context.Background()
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	user, err := c.CreateUser(ctx, client.NewUser{Name: "Alex", Email: "alex@example.com", Role: "user"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.CreateGroup(ctx, client.Group{Name: "On call", Roles: []string{"read-only"}, Members: []string{user.ID}})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := c.AskUserAccess(ctx, user.ID, "users|read")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s may read users: %t\n", answer.Principal.Name, answer.Allowed)
	for _, path := range answer.Paths {
		if path.Group != nil {
			fmt.Printf("through the group %s, which has the role %s\n", path.Group.Name, path.Role.Name)
		} else {
			fmt.Printf("through the role %s\n", path.Role.Name)
		}
	}
	// Output:
	// Alex may read users: true
	// through the role user
	// through the group On call, which has the role read-only
}

// Events first replays the entries after options.After, and then yields new entries as
// they are appended. A program that stores the last sequence continues there.
func ExampleClient_Events() {
	ctx := context.Background()
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.CreateRole(ctx, client.Role{Name: "Support"}); err != nil {
		log.Fatal(err)
	}
	last := int64(0)
	options := client.EventsOptions{After: &last, AuditFilter: client.AuditFilter{Action: "createRole"}}
	for entry, err := range c.Events(ctx, options) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", entry.Action, entry.Target.Name)
		last = entry.Sequence
		break
	}
	// Output: createRole: Support
}

// An application defines what there is to permit in a product. Roles give it, users have
// the roles, and the product asks.
func ExampleClient_CreateApplication() {
	ctx := context.Background()
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.CreateApplication(ctx, client.Application{ID: "billing", Name: "Billing", Types: map[string]client.ResourceType{
		"invoice": {Actions: []string{"read", "approve"}, Instances: true},
		"report":  {Actions: []string{"read"}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	clerk, err := c.CreateRole(ctx, client.Role{Name: "Clerk", Capabilities: client.Capabilities{Apps: client.AppCapabilities{
		"billing": {"invoice": {On: map[string][]string{"2026-*": {"read"}}}, "report": {Actions: []string{"read"}}},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	user, err := c.CreateUser(ctx, client.NewUser{Name: "Kim", Email: "kim@example.com", Role: clerk.ID})
	if err != nil {
		log.Fatal(err)
	}
	for _, capability := range []string{"app:billing:invoice:2026-0042|read", "app:billing:invoice:2026-0042|approve"} {
		answer, err := c.AskUserAccess(ctx, user.ID, capability)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(capability, answer.Allowed)
	}
	credential, err := c.CreateAppCredential(ctx, "billing") // with which the service asks
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(credential.Credential[:5])
	// Output:
	// app:billing:invoice:2026-0042|read true
	// app:billing:invoice:2026-0042|approve false
	// xaap-
}

func ExampleError() {
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.CreateUser(context.Background(), client.NewUser{Name: "Eve", Email: "eve@example.com", Role: "emperor"})
	var refused *client.Error
	switch {
	case errors.Is(err, client.ErrConflict):
		fmt.Println("There is already a user with this address.")
	case errors.As(err, &refused):
		fmt.Printf("%d %s, in the field %s\n", refused.Status, refused.Code, refused.Field)
		fmt.Println(refused.Message)
	case err != nil:
		log.Fatal(err)
	}
	// Output:
	// 400 invalid, in the field role
	// role: "emperor" is not a role of this organization; built-in roles are owner, admin, user, read-only, none
}

// A service asks with the credential of its application, who has been given a permission of it.
func ExampleChecker() {
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_CREDENTIAL"))
	if err != nil {
		log.Fatal(err)
	}
	checker := client.NewChecker(c, client.CheckerOptions{})
	defer checker.Close()
	allowed, err := checker.Check(context.Background(), client.Question{
		Subject:  client.Subject{Type: client.UserSubject, ID: "owner@example.com"},
		Action:   "approve",
		Resource: client.Resource{Type: "invoice", ID: "2026-0042"},
	})
	if err != nil {
		log.Print(err) // allowed is false
	}
	fmt.Println("May the owner approve the invoice?", allowed)
	// Output: May the owner approve the invoice? true
}

func ExampleChecker_AskAll() {
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_CREDENTIAL"))
	if err != nil {
		log.Fatal(err)
	}
	checker := client.NewChecker(c, client.CheckerOptions{})
	defer checker.Close()
	owner := client.Subject{Type: client.UserSubject, ID: "owner@example.com"}
	answers, err := checker.AskAll(context.Background(), []client.Question{
		{Subject: owner, Action: "read", Resource: client.Resource{Type: "report"}},
		{Subject: owner, Action: "shred", Resource: client.Resource{Type: "report"}},
	})
	if err != nil {
		log.Print(err) // nothing is allowed
	}
	for _, a := range answers {
		fmt.Printf("%t %q\n", a.Allowed, a.Reason)
	}
	// Output:
	// true ""
	// false "the application defines no such type or action"
}

// Each request to the handler takes the permission to read the invoice that its path names. The
// caller sends an API or personal token.
func ExampleChecker_Protect() {
	c, err := client.New(os.Getenv("ROSTER_URL"), os.Getenv("ROSTER_CREDENTIAL"))
	if err != nil {
		log.Fatal(err)
	}
	checker := client.NewChecker(c, client.CheckerOptions{})
	defer checker.Close()
	readsInvoice := checker.Protect(func(r *http.Request) client.Question {
		return client.Question{Action: "read", Resource: client.Resource{Type: "invoice", ID: r.PathValue("id")}}
	})
	mux := http.NewServeMux()
	mux.Handle("GET /invoices/{id}", readsInvoice(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		answer, _ := client.AnswerFrom(r.Context())
		log.Printf("%s reads the invoice %s", answer.Subject, r.PathValue("id"))
	})))

	for _, authorization := range []string{"", "Bearer " + os.Getenv("ROSTER_TOKEN")} {
		r := httptest.NewRequest(http.MethodGet, "/invoices/2026-0042", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, http.StatusText(w.Code))
	}
	// Output:
	// 401 Unauthorized
	// 200 OK
}
