package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"wplake/internal/workflow"
)

// paging is what requests for lists share.
type paging struct {
	MaxResults int    `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

// limit is the size of a page; a list has 100 entries unless told otherwise.
func (p paging) limit() int {
	if p.MaxResults == 0 {
		return 100
	}
	return p.MaxResults
}

// tokenLife is how long a token leads on, as Step Functions has it.
const tokenLife = 24 * time.Hour

// position is what a token holds: where a list goes on, until when it does, and
// of what request it is a part.
type position struct {
	At      string
	Until   int64
	Request []byte
}

func (p position) seal(request string) []byte {
	text, _ := json.Marshal([]any{request, p.At, p.Until}) // texts and numbers
	sum := sha256.Sum256(text)
	return sum[:12]
}

// token makes the token of a list that goes on at a place, "" for none. request
// says what was asked, without the page.
func (s *Server) token(request, at string) string {
	if at == "" {
		return ""
	}
	p := position{At: at, Until: s.o.Now().Add(tokenLife).Unix()}
	p.Request = p.seal(request)
	text, _ := json.Marshal(p)
	return base64.StdEncoding.EncodeToString(text)
}

// at is where a list goes on: the reverse of token.
func (s *Server) at(request, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	var p position
	text, err := base64.StdEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || string(p.Request) != string(p.seal(request)) || s.o.Now().Unix() > p.Until {
		return "", workflow.Errorf(workflow.InvalidToken, "Invalid Token: 'Invalid token'")
	}
	return p.At, nil
}

// next puts the token of the next page into an answer.
func (s *Server) next(r reply, request, at string) reply {
	r.text("nextToken", s.token(request, at))
	return r
}
