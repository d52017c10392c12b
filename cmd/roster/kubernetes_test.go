package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// manifest has what the test reads of a Kubernetes object.
type manifest struct {
	Kind string
	Spec struct {
		Selector map[string]any
		Ports    []struct{ TargetPort string }
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				TerminationGracePeriodSeconds int
				SecurityContext               struct{ RunAsNonRoot bool }
				Containers                    []container
				Volumes                       []struct {
					Name   string
					Secret struct{ DefaultMode int }
				}
			}
		}
	}
}

type container struct {
	Args                                        []string
	Env                                         []struct{ Name string }
	Ports                                       []struct{ Name string }
	StartupProbe, ReadinessProbe, LivenessProbe struct {
		HTTPGet struct{ Path string }
	}
	SecurityContext struct{ ReadOnlyRootFilesystem bool }
}

func readManifests(t *testing.T) map[string]manifest {
	t.Helper()
	content, err := os.ReadFile("../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects := make(map[string]manifest)
	for documents := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var document any
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		// Through JSON, whose members match fields in any letter case.
		var m manifest
		object, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(object, &m); err != nil {
			t.Fatal(err)
		}
		objects[m.Kind] = m
	}
}

// The Kubernetes manifests start the server with settings that it has, probe paths that it
// serves, and select each other's labels.
func TestKubernetesManifests(t *testing.T) {
	t.Parallel()
	objects := readManifests(t)
	if kinds := slices.Sorted(maps.Keys(objects)); !slices.Equal(kinds, []string{"Deployment", "PodDisruptionBudget", "Service"}) {
		t.Fatalf("the kinds are %q", kinds)
	}
	pod := objects["Deployment"].Spec.Template
	c := pod.Spec.Containers[0]

	cmd := serveCommand()
	if err := cmd.ParseFlags(c.Args[1:]); err != nil || c.Args[0] != "serve" {
		t.Errorf("the arguments %q: %v", c.Args, err)
	}
	usage := cmd.Flags().FlagUsages()
	for _, env := range c.Env {
		if !strings.Contains(usage, "(env "+env.Name+")") {
			t.Errorf("the server does not read %s", env.Name)
		}
	}
	delay, err := cmd.Flags().GetDuration("drain-delay")
	if err != nil {
		t.Fatal(err)
	}
	timeout, err := cmd.Flags().GetDuration("shutdown-timeout")
	if err != nil {
		t.Fatal(err)
	}
	if stop := (delay + timeout).Seconds(); float64(pod.Spec.TerminationGracePeriodSeconds) <= stop {
		t.Errorf("a pod is killed after %d s, and the server may take %v s to stop", pod.Spec.TerminationGracePeriodSeconds, stop)
	}
	for name, probe := range map[string]string{
		"startup": c.StartupProbe.HTTPGet.Path, "readiness": c.ReadinessProbe.HTTPGet.Path, "liveness": c.LivenessProbe.HTTPGet.Path,
	} {
		if want := map[bool]string{true: "/healthz", false: "/readyz"}[name == "liveness"]; probe != want {
			t.Errorf("the %s probe asks %q, want %q", name, probe, want)
		}
	}
	if !pod.Spec.SecurityContext.RunAsNonRoot || !c.SecurityContext.ReadOnlyRootFilesystem || pod.Spec.Volumes[0].Secret.DefaultMode != 0o440 {
		t.Error("the pod may be root or write its file system, or others can read the key")
	}
	label := pod.Metadata.Labels["app.kubernetes.io/name"]
	matches := func(labels any) bool {
		m, _ := labels.(map[string]any)
		return label != "" && len(m) == 1 && m["app.kubernetes.io/name"] == label
	}
	if !matches(objects["Service"].Spec.Selector) || !matches(objects["PodDisruptionBudget"].Spec.Selector["matchLabels"]) ||
		!matches(objects["Deployment"].Spec.Selector["matchLabels"]) {
		t.Error("a selector does not match the labels of the pods")
	}
	if port := objects["Service"].Spec.Ports[0].TargetPort; port != c.Ports[0].Name {
		t.Errorf("the service leads to the port %q, which is %q", port, c.Ports[0].Name)
	}
}
