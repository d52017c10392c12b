// Package appfile reads the YAML files that define applications. The operator's commands
// and the client's share it; what a file may define is the server's to check.
package appfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"

	"github.com/rosterhq/roster/internal/quote"
)

// Application is an application in a file.
type Application struct {
	ID    string          `yaml:"id"`
	Name  string          `yaml:"name"`
	Types map[string]Type `yaml:"types"`
	Paths []Path          `yaml:"paths"`
	// Subjects is empty, id, email or userName.
	Subjects string `yaml:"subjects"`
}

// Path is a rule of the table of paths.
type Path struct {
	Path    string   `yaml:"path"`
	Methods []string `yaml:"methods"`
	Require string   `yaml:"require"`
}

// Type is a resource type in a file: a mapping, or for a type without instances, just the
// list of its actions.
type Type struct {
	Actions   []string `yaml:"actions"`
	Instances bool     `yaml:"instances"`
}

// UnmarshalYAML reads a list or a mapping.
func (t *Type) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		return node.Decode(&t.Actions)
	}
	if node.Kind == yaml.MappingNode {
		for i := 0; i < len(node.Content); i += 2 { // a node decodes unknown members too
			if key := node.Content[i]; key.Value != "actions" && key.Value != "instances" {
				return fmt.Errorf("line %d: unknown member %s of a type; known are actions and instances", key.Line, quote.Input(key.Value))
			}
		}
	}
	type plain Type // without this method
	return node.Decode((*plain)(t))
}

// ReadFiles reads the applications in files, whose contents read gives.
func ReadFiles(read func(name string) ([]byte, error), names []string) (all []Application, err error) {
	for _, name := range names {
		text, err := read(name)
		if err != nil {
			return nil, err
		}
		apps, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, apps...)
	}
	return all, nil
}

// Parse reads applications from a YAML file, one in each document. Unknown members are
// errors.
func Parse(text []byte) ([]Application, error) {
	var all []Application
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	for {
		var app Application
		err := decoder.Decode(&app)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if app.ID == "" {
			return nil, errors.New("an application has no id")
		}
		all = append(all, app)
	}
	if len(all) == 0 {
		return nil, errors.New("it has no application")
	}
	return all, nil
}
