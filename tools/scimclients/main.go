// Command scimclients makes each call of a public SCIM client, go-github's, to a server. It
// prints a line for each case: ok and the name, or FAIL, the name and what was wrong.
//
// go-github puts an organization of GitHub into its paths, which is taken out on the way.
// Its calls for PUT and PATCH are left out, because they send their body as a query string.
// It can't read users who are in groups, so none of those listed is.
//
// Arguments: the server's URL, and a token.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/google/go-github/v75/github"
)

// server sends requests to the server under test.
type server struct{ token string }

var prefix = regexp.MustCompile(`^/scim/v2/(organizations|enterprises)/[^/]+/`)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Path = prefix.ReplaceAllString(r.URL.Path, "/scim/v2/")
	r.Header.Set("Authorization", "Bearer "+s.token)
	return http.DefaultTransport.RoundTrip(r)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: scimclients URL TOKEN")
		os.Exit(2)
	}
	client := github.NewClient(&http.Client{Transport: server{os.Args[2]}})
	base, err := client.BaseURL.Parse(strings.TrimSuffix(os.Args[1], "/") + "/")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	client.BaseURL = base
	ctx := context.Background()
	report := func(name string, err error) {
		if err != nil {
			fmt.Printf("FAIL %s: %v\n", name, err)
			return
		}
		fmt.Println("ok", name)
	}

	const org, address = "acme", "octocat@example.com"
	made, _, err := client.SCIM.ProvisionAndInviteSCIMUser(ctx, org, &github.SCIMUserAttributes{
		UserName: address, ExternalID: github.Ptr("a7d0f98382"), Active: github.Ptr(true), DisplayName: github.Ptr("Mona Lisa"),
		Name:   github.SCIMUserName{GivenName: "Mona", FamilyName: "Octocat"},
		Emails: []*github.SCIMUserEmail{{Value: address, Type: github.Ptr("work"), Primary: github.Ptr(true)}},
	})
	report("provision a user", check(err, func() error { return sameUser(made, address) }))
	if err != nil {
		return
	}
	got, _, err := client.SCIM.GetSCIMProvisioningInfoForUser(ctx, org, made.GetID())
	report("get the user", check(err, func() error { return sameUser(got, address) }))
	for name, filter := range map[string]string{
		"userName": `userName eq "Octocat@example.com"`, "externalId": `externalId eq "a7d0f98382"`,
		"emails": `emails eq "octocat@example.com"`, "id": fmt.Sprintf("id eq %q", made.GetID()),
	} {
		found, _, err := client.SCIM.ListSCIMProvisionedIdentities(ctx, org, &github.ListSCIMProvisionedIdentitiesOptions{Filter: &filter})
		report("find the user by "+name, check(err, func() error {
			if found.TotalResults == nil || *found.TotalResults != 1 || len(found.Resources) != 1 {
				return fmt.Errorf("found %d", len(found.Resources))
			}
			return sameUser(found.Resources[0], address)
		}))
	}
	page, _, err := client.SCIM.ListSCIMProvisionedIdentities(ctx, org, &github.ListSCIMProvisionedIdentitiesOptions{StartIndex: github.Ptr(1), Count: github.Ptr(1)})
	report("list a page of users", check(err, func() error {
		if *page.TotalResults < 2 || *page.StartIndex != 1 || *page.ItemsPerPage != 1 || len(page.Resources) != 1 {
			return fmt.Errorf("%d of %d from %d", len(page.Resources), *page.TotalResults, *page.StartIndex)
		}
		return nil
	}))
	groups, _, err := client.SCIM.ListSCIMProvisionedGroupsForEnterprise(ctx, org, &github.ListSCIMProvisionedGroupsForEnterpriseOptions{Filter: github.Ptr(`displayName eq "engineering"`)})
	report("find a group with its members", check(err, func() error {
		if len(groups.Resources) != 1 || len(groups.Resources[0].Members) != 1 || groups.Resources[0].Members[0].Ref == "" {
			return fmt.Errorf("found %d groups", len(groups.Resources))
		}
		return nil
	}))
	without, _, err := client.SCIM.ListSCIMProvisionedGroupsForEnterprise(ctx, org, &github.ListSCIMProvisionedGroupsForEnterpriseOptions{ExcludedAttributes: github.Ptr("members"), Count: github.Ptr(10)})
	report("list groups without members", check(err, func() error {
		if len(without.Resources) != 1 || len(without.Resources[0].Members) != 0 {
			return fmt.Errorf("found %d groups", len(without.Resources))
		}
		return nil
	}))
	_, err = client.SCIM.DeleteSCIMUserFromOrg(ctx, org, made.GetID())
	report("delete the user", err)
	_, response, err := client.SCIM.GetSCIMProvisioningInfoForUser(ctx, org, made.GetID())
	if err == nil || response == nil || response.StatusCode != http.StatusNotFound {
		report("the deleted user is not found", fmt.Errorf("%v", err))
		return
	}
	report("the deleted user is not found", nil)
}

// check is err, or what fn returns.
func check(err error, fn func() error) error {
	if err != nil {
		return err
	}
	return fn()
}

func sameUser(u *github.SCIMUserAttributes, address string) error {
	if u.GetID() == "" || u.UserName != address || u.Name.FamilyName != "Octocat" || len(u.Emails) != 1 || u.Emails[0].Value != address ||
		!u.GetActive() || u.GetExternalID() != "a7d0f98382" || u.Meta == nil || u.Meta.Created == nil {
		return fmt.Errorf("the user is %+v", u)
	}
	return nil
}
