package authzen

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// The semantics of a request with several questions (section 7.1.2).
const (
	executeAll          = "execute_all"
	denyOnFirstDeny     = "deny_on_first_deny"
	permitOnFirstPermit = "permit_on_first_permit"
)

// evaluations is a request with several questions, or with one (section 7.1).
type evaluations struct {
	tuple

	Evaluations []tuple `json:"evaluations"`
	Options     struct {
		Semantic string `json:"evaluations_semantic"`
	} `json:"options"`
}

// answer is a decision as it is sent (sections 5.5 and 6.2).
type answer struct {
	Decision bool           `json:"decision"`
	Context  *answerContext `json:"context,omitzero"`
}

type answerContext struct {
	Reason  string       `json:"reason,omitzero"`
	Paths   any          `json:"paths,omitzero"`
	Subject *Identity    `json:"subject,omitzero"`
	Error   *answerError `json:"error,omitzero"`
	// ExpiresAt is when time alone changes the decision.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// answerError says why a question in a list has no decision (section 7.2.1).
type answerError struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

func answerOf(d Decision) answer {
	a := answer{Decision: d.Allowed}
	if d.Reason != "" || d.Paths != nil || d.Identity != nil || !d.Until.IsZero() {
		a.Context = &answerContext{Reason: d.Reason, Paths: d.Paths, Subject: d.Identity, ExpiresAt: d.Until}
	}
	return a
}

// evaluate answers one question.
func evaluate(ctx context.Context, by Decider, call directory.Call, t tuple) (answer, error) {
	q, err := t.question(noPart)
	if err != nil {
		return answer{}, err
	}
	d, err := by.Decide(ctx, call, q)
	if err != nil {
		return answer{}, err
	}
	return answerOf(d), nil
}

// evaluateAll answers all questions of a request, in their order, as far as its semantic
// requires. A question that has no decision because of a mistake in it is answered with
// no, and with the mistake.
func evaluateAll(ctx context.Context, by Decider, call directory.Call, rq evaluations) ([]answer, error) {
	if len(rq.Evaluations) > MaxEvaluations {
		return nil, directory.InvalidField("evaluations", "must have at most %d elements", MaxEvaluations)
	}
	switch rq.Options.Semantic {
	case "", executeAll, denyOnFirstDeny, permitOnFirstPermit:
	default:
		return nil, directory.InvalidField("options.evaluations_semantic", "must be %s, %s or %s", executeAll, denyOnFirstDeny, permitOnFirstPermit)
	}
	answers := make([]answer, 0, len(rq.Evaluations))
	for _, t := range rq.Evaluations {
		a, err := evaluate(ctx, by, call, t.or(rq.tuple))
		if mistake, ok := errors.AsType[*directory.Error](err); ok && (mistake.Code == directory.Invalid || mistake.Code == directory.NotFound) {
			a, err = answer{Context: &answerContext{Error: &answerError{protocol.Statuses[mistake.Code], mistake.Error()}}}, nil
		}
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
		if rq.Options.Semantic == denyOnFirstDeny && !a.Decision || rq.Options.Semantic == permitOnFirstPermit && a.Decision {
			break
		}
	}
	return answers, nil
}
