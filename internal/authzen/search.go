package authzen

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/rosterhq/roster/internal/directory"
)

// search is a request for what may stand in the open part of a question (section 8).
type search struct {
	tuple

	Page struct {
		Token string `json:"token"`
		Limit int    `json:"limit"`
	} `json:"page"`
}

// found is a page of answers as it is sent (section 8.3). The members of a result depend
// on what was searched.
type found struct {
	Results []result      `json:"results"`
	Page    foundPage     `json:"page"`
	Context *foundContext `json:"context,omitzero"`
}

type result struct {
	Type string `json:"type,omitzero"`
	ID   string `json:"id,omitzero"`
	Name string `json:"name,omitzero"`
}

type foundPage struct {
	NextToken string `json:"next_token"`
	Count     int    `json:"count"`
}

type foundContext struct {
	Patterns []string `json:"patterns"`
}

// find answers a search.
func find(ctx context.Context, by Decider, call directory.Call, searched part, rq search) (found, error) {
	q, err := rq.question(searched)
	if err != nil {
		return found{}, err
	}
	s := Search{Question: q}
	if s.Limit, err = pageLimit(rq.Page.Limit); err != nil {
		return found{}, err
	}
	if s.After, err = openToken(rq.Page.Token, searched, q); err != nil {
		return found{}, err
	}
	var page Found
	switch searched {
	case subjectPart:
		page, err = by.Subjects(ctx, call, s)
	case resourcePart:
		page, err = by.Resources(ctx, call, s)
	default:
		page, err = by.Actions(ctx, call, s)
	}
	if err != nil {
		return found{}, err
	}
	answer := found{Results: make([]result, len(page.IDs)), Page: foundPage{Count: len(page.IDs)}}
	for i, id := range page.IDs {
		switch searched {
		case subjectPart:
			answer.Results[i] = result{Type: q.Subject.Type, ID: id}
		case resourcePart:
			answer.Results[i] = result{Type: q.Resource.Type, ID: id}
		default:
			answer.Results[i] = result{Name: id}
		}
	}
	if page.Next != "" {
		answer.Page.NextToken = makeToken(page.Next, searched, q)
	}
	if len(page.Patterns) > 0 {
		answer.Context = &foundContext{page.Patterns}
	}
	return answer, nil
}

// pageLimit is the size of a page; 0 stands for [DefaultPage]. A larger one than
// [MaxPage] is lowered, as section 8.2.1 allows.
func pageLimit(asked int) (int, error) {
	switch {
	case asked < 0:
		return 0, directory.InvalidField("page.limit", "must not be negative")
	case asked == 0:
		return DefaultPage, nil
	default:
		return min(asked, MaxPage), nil
	}
}

// A token is the place where the next page begins, after a digest of the search. Thus it
// continues no other search (section 8.2.1).
const digestSize = 8

func makeToken(next string, searched part, q Question) string {
	return base64.RawURLEncoding.EncodeToString(append(digest(searched, q), next...))
}

func openToken(token string, searched part, q Question) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) <= digestSize || string(raw[:digestSize]) != string(digest(searched, q)) {
		return "", directory.InvalidField("page.token", "is not the next_token of this search")
	}
	return string(raw[digestSize:]), nil
}

func digest(searched part, q Question) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q", searched, []string{
		q.Organization, q.Subject.Type, q.Subject.ID, q.Action, q.Resource.Type, q.Resource.ID,
	}))
	return sum[:digestSize]
}
