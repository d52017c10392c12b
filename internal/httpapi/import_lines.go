package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/userimport"
)

// newImportLines reads a body of the media type. CSV has its header read and checked.
func newImportLines(contentType string, body io.Reader) (userimport.Lines, error) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if charset := params["charset"]; err == nil && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		switch mediaType {
		case "text/csv":
			return userimport.CSV(body, authz.RoleUser)
		case "application/x-ndjson":
			limit := userimport.NewLineLimit(body)
			return &jsonLines{r: bufio.NewReaderSize(userimport.WithoutBOM(limit), userimport.MaxLine), limit: limit}, nil
		}
	}
	return nil, directory.Errorf(codeUnsupportedMedia, "the body must be CSV or a JSON object in each line, and say so: Content-Type: text/csv or application/x-ndjson")
}

// jsonLines reads a JSON object in each line.
type jsonLines struct {
	r      *bufio.Reader
	limit  *userimport.LineLimit
	number int
}

func (j *jsonLines) Next() (userimport.Line, error) {
	for {
		j.limit.Reset()
		text, err := j.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return userimport.Line{}, userimport.ErrLongLine
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
			return userimport.Line{}, userimport.BodyError(err)
		}
		j.number++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		line := userimport.Line{Number: j.number}
		var body createUserBody
		if err := decodeJSON(text, &body); err != nil {
			if !errors.As(err, &line.Err) {
				return userimport.Line{}, fmt.Errorf("decode a line: %w", err)
			}
			return line, nil
		}
		if body.Role == "" {
			body.Role = authz.RoleUser
		}
		line.User = members.NewUser{Name: body.Name, Email: body.Email, Role: body.Role}
		return line, nil
	}
}
