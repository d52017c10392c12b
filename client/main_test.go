package client_test

import (
	"context"
	"errors"
	"log"
	"os"
	"testing"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
)

// TestMain runs a server for the examples, with an application.
func TestMain(m *testing.M) {
	os.Exit(apptest.Main(m, func(s *apptest.Server) {
		credential, err := createApp(s.URL, s.APIToken)
		err = errors.Join(err, os.Setenv("ROSTER_URL", s.URL), os.Setenv("ROSTER_TOKEN", s.APIToken), os.Setenv("ROSTER_CREDENTIAL", credential))
		if err != nil {
			log.Fatal(err)
		}
	}))
}

// createApp creates an application, and returns a credential of it.
func createApp(url, token string) (credential string, err error) {
	c, err := client.New(url, token)
	if err != nil {
		return "", err
	}
	app := client.Application{ID: "accounting", Name: "Accounting", Types: map[string]client.ResourceType{
		"invoice": {Actions: []string{"read", "approve"}, Instances: true},
		"report":  {Actions: []string{"read"}},
	}}
	if _, err := c.CreateApplication(context.Background(), app); err != nil {
		return "", err
	}
	made, err := c.CreateAppCredential(context.Background(), app.ID)
	return made.Credential, err
}
