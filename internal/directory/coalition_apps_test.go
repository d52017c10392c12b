package directory_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// drawApp draws an application of the organization, which may define less than others hold,
// or what the deployment's application defines.
func (c *coalition) drawApp(t *rapid.T) applications.NewApplication {
	in := newApp(pick(t, []directory.AppID{"wiki", "wiki", "wiki", "billing", "theirs"}, "application"))
	actions := pick(t, [][]string{{"read", "write"}, {"read", "write"}, {"read"}}, "actions")
	in.Types = authz.AppTypes{"page": {Actions: actions, Instances: true}}
	return in
}

func (c *coalition) createApplication(t *rapid.T) {
	in := c.drawApp(t)
	c.request(t, "createApplication", fmt.Sprint(in.ID, in.Types), func(call directory.Call) error {
		return second(c.w.CreateApplication(c.w.Context(), call, in))
	})
}

func (c *coalition) updateApplication(t *rapid.T) {
	in, force := c.drawApp(t), rapid.Bool().Draw(t, "force")
	c.request(t, "updateApplication", fmt.Sprint(in.ID, in.Types, force), func(call directory.Call) error {
		return second(c.w.UpdateApplication(c.w.Context(), call, in.ID, in, force))
	})
}

func (c *coalition) deleteApplication(t *rapid.T) {
	id, force := c.drawApp(t).ID, rapid.Bool().Draw(t, "force")
	c.request(t, "deleteApplication", fmt.Sprint(id, force), func(call directory.Call) error {
		return c.w.DeleteApplication(c.w.Context(), call, id, force)
	})
}
