package endpoints

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"wplake/internal/lake"
)

// errorBody is how much of an answer is read that is not the data.
const errorBody = 64 << 10

// refused explains an answer whose status is not 200.
func (s *Source) refused(t target, creds Credentials, resp *http.Response, body io.Reader) *failure {
	text := ""
	if decoded, f := decode(t, resp.Header, body); f == nil {
		// What cannot be read is not quoted; the status says enough.
		head, err := io.ReadAll(io.LimitReader(decoded, errorBody))
		if err != nil {
			s.o.Log.Debug("error body", "object", t.name, "error", err)
		}
		text = string(head)
	}
	status := resp.StatusCode
	answer := answerOf(text)
	message := fmt.Sprintf("%s: the server answered %s", t.from, statusText(status))
	if quote := answer.quote(); quote != "" {
		message += ": " + creds.hide(quote, t.url)
	}
	code := lake.SourceHTTPStatus
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		code = lake.SourceUnauthorized
	}
	f := final(code, message, hint(status, resp, text, answer), nil)
	if retryable(status) {
		f.retry = true
		f.after = retryAfter(resp.Header, s.o.Now())
	}
	return f
}

// retryable reports whether a status may pass by itself.
func retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return status >= 520 && status <= 524 // Cloudflare: the site behind it does not answer
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d %s", status, text)
	}
	return fmt.Sprint(status)
}

// answer is what an error's body says of itself.
type answer struct {
	code    string // WordPress's code of the error, e.g. rest_no_route
	message string // WordPress's message
	title   string // of an HTML page
}

func answerOf(body string) answer {
	var wp struct {
		Code    any    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal([]byte(body), &wp) == nil {
		a := answer{message: printableText(withoutTags(wp.Message), 300)}
		if wp.Code != nil {
			a.code = printableText(fmt.Sprint(wp.Code), 100)
		}
		return a
	}
	if m := regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`).FindStringSubmatch(body); m != nil {
		return answer{title: printableText(withoutTags(m[1]), 120)}
	}
	return answer{}
}

func (a answer) quote() string {
	switch {
	case a.code != "" && a.message != "":
		return a.code + ": " + a.message
	case a.code != "" || a.message != "":
		return a.code + a.message
	case a.title != "":
		return fmt.Sprintf("a page titled %q", a.title)
	}
	return ""
}

// withoutTags makes plain text of a little HTML, as in WordPress's messages.
func withoutTags(s string) string {
	s = regexp.MustCompile(`(?i)</?(p|br|div|li|ul|h[1-6])\b[^>]*>`).ReplaceAllString(s, " ") // these part words
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s, ""))
}

// printableText makes text from elsewhere fit for one line of a message: no
// control characters, at most so many runes.
func printableText(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
