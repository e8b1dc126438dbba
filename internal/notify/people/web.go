package people

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"wplake/internal/notify"
)

// maxReply is how much of a service's answer is read, in bytes.
const maxReply = 64 << 10

// web is a service that takes messages as HTTP requests.
type web struct {
	url     string
	method  string // "" is POST
	header  http.Header
	user    *url.Userinfo // HTTP Basic, may be nil
	content string        // media type of body
	body    func(notify.Message) []byte
	// title is the header that takes the subject, "" for none.
	title string
	// refused looks for a refusal in an answer of status 200; may be nil.
	refused func(reply []byte) string
}

// send posts the message. A redirect is not followed: the address holds a secret.
func (w web) send(ctx context.Context, m notify.Message) error {
	method := w.method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, w.url, bytes.NewReader(w.body(m)))
	if err != nil {
		return fmt.Errorf("the channel's URL is no web address")
	}
	for name, values := range w.header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", w.content)
	if w.title != "" {
		req.Header.Set(w.title, mime.QEncoding.Encode("utf-8", m.Subject))
	}
	if w.user != nil {
		password, _ := w.user.Password()
		req.SetBasicAuth(w.user.Username(), password)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the service answered %s: %s", resp.Status, firstLine(reply))
	}
	if err != nil {
		return err
	}
	if w.refused != nil {
		if why := w.refused(reply); why != "" {
			return fmt.Errorf("the service refused the message: %s", why)
		}
	}
	return nil
}

func firstLine(reply []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(reply)), "\n")
	return line
}

// encoded is a value as JSON.
func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // it holds nothing but text
		return nil
	}
	return text
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}

const (
	typeJSON = "application/json; charset=utf-8"
	typeText = "text/plain; charset=utf-8"
	typeForm = "application/x-www-form-urlencoded"
)
