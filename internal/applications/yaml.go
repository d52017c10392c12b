package applications

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// appFile is an application in a file.
type appFile struct {
	ID    directory.AppID     `yaml:"id"`
	Name  string              `yaml:"name"`
	Types map[string]typeFile `yaml:"types"`
}

// typeFile is a resource type in a file: a mapping, or for a type without instances, just
// the list of its actions.
type typeFile struct {
	Actions   []string `yaml:"actions"`
	Instances bool     `yaml:"instances"`
}

// UnmarshalYAML reads a list or a mapping.
func (t *typeFile) UnmarshalYAML(node *yaml.Node) error {
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
	type plain typeFile // without this method
	return node.Decode((*plain)(t))
}

// ParseYAML reads applications from a YAML file, one in each document. Unknown members are
// errors. It does not check what [Apps.Apply] checks.
func ParseYAML(text []byte) ([]NewApplication, error) {
	var all []NewApplication
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	for {
		var file appFile
		err := decoder.Decode(&file)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		app := NewApplication{ID: file.ID, Name: file.Name, Types: make(directory.Vocabulary, len(file.Types))}
		for name, t := range file.Types {
			app.Types[name] = directory.ResourceType(t)
		}
		all = append(all, app)
	}
	if len(all) == 0 {
		return nil, errors.New("it has no application")
	}
	return all, nil
}
