package authzen

// Paths of the endpoints, which are the specification's defaults (section 10.1).
const (
	Prefix          = "/access/v1/"
	evaluationPath  = Prefix + "evaluation"
	evaluationsPath = Prefix + "evaluations"
	subjectsPath    = Prefix + "search/subject"
	resourcesPath   = Prefix + "search/resource"
	actionsPath     = Prefix + "search/action"

	// ConfigurationPath is where the metadata is (section 9.2).
	ConfigurationPath = "/.well-known/authzen-configuration"
)

// metadata describes the server (section 9.1).
type metadata struct {
	PolicyDecisionPoint string `json:"policy_decision_point"`
	Evaluation          string `json:"access_evaluation_endpoint"`
	Evaluations         string `json:"access_evaluations_endpoint"`
	SearchSubject       string `json:"search_subject_endpoint"`
	SearchResource      string `json:"search_resource_endpoint"`
	SearchAction        string `json:"search_action_endpoint"`
}

// metadataOf is the metadata of the server at a URL, which ends without a slash.
func metadataOf(server string) metadata {
	return metadata{
		PolicyDecisionPoint: server,
		Evaluation:          server + evaluationPath,
		Evaluations:         server + evaluationsPath,
		SearchSubject:       server + subjectsPath,
		SearchResource:      server + resourcesPath,
		SearchAction:        server + actionsPath,
	}
}
