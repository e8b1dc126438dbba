package jsonarray

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"wplake/internal/lake"
)

// headSize is how much of an input is looked at to say what it is.
const headSize = 16 << 10

// start reads the opening bracket, or says what came instead.
func (r *Reader) start() error {
	head := make([]byte, headSize)
	n, err := io.ReadFull(r.in.in, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0:
		return &lake.Error{
			Code: lake.SourceEmpty, Message: "the answer is empty",
			Hint: "an empty table is []: PHP probably stopped (look into the server's error log)",
		}
	case text[0] != '[':
		return r.notArray(head, text)
	}
	r.in.in = io.MultiReader(bytes.NewReader(head), r.in.in)
	r.in.allow(MaxRow)
	if _, err := r.dec.ReadToken(); err != nil {
		return r.fault(err)
	}
	return nil
}

// notArray says what an input is that does not begin with a bracket. text is
// its beginning without white space.
func (r *Reader) notArray(head, text []byte) error {
	lower := strings.ToLower(string(text))
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return &lake.Error{
			Code: lake.SourceNoise, Message: "a byte order mark stands before the JSON",
			Hint: "a PHP file of the theme or a plugin was saved as \"UTF-8 with BOM\": save it without",
		}
	case text[0] == '<' && isPHPNotice(lower):
		return noise(text)
	case text[0] == '<':
		return html(lower)
	case text[0] == '{':
		return r.errorObject(head, text)
	}
	dec := jsontext.NewDecoder(io.MultiReader(bytes.NewReader(text), io.LimitReader(r.in.in, MaxRow)))
	if kind := dec.PeekKind(); kind != 0 {
		if _, err := dec.ReadValue(); err == nil {
			return &lake.Error{
				Code: lake.SourceNotArray, Message: "the answer is " + kindName(kind) + ", not an array of objects",
				Hint: "check the address: a table's endpoint gives one array",
			}
		}
	}
	if isPHPNotice(lower) || bytes.ContainsAny(text, "[{") {
		return noise(text)
	}
	return &lake.Error{
		Code: lake.SourceInvalidJSON, Message: fmt.Sprintf("the answer is not JSON; it begins with %q", excerpt(text)),
		Hint: "open the endpoint in a browser: it must show nothing but a JSON array",
	}
}

// errorObject tells an error of WordPress from another object.
func (r *Reader) errorObject(head, text []byte) error {
	r.in.in = io.MultiReader(bytes.NewReader(head), r.in.in)
	r.in.allow(MaxRow)
	value, err := r.dec.ReadValue()
	if err != nil {
		return r.fault(err)
	}
	var wp struct {
		Code    any    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(value, &wp) == nil && wp.Code != nil && wp.Message != "" {
		return &lake.Error{
			Code: lake.SourceErrorObject, Message: fmt.Sprintf("WordPress answered with an error: %v: %s", wp.Code, excerpt([]byte(wp.Message))),
			Hint: "rest_no_route: the endpoint does not exist (is the plugin active?); rest_forbidden: it needs credentials",
		}
	}
	return &lake.Error{
		Code: lake.SourceNotArray, Message: fmt.Sprintf("the answer is an object, not an array of objects; it begins with %q", excerpt(text)),
		Hint: "check the address: a table's endpoint gives one array",
	}
}

// isPHPNotice recognises what PHP prints with display_errors on.
func isPHPNotice(lower string) bool {
	return regexp.MustCompile(`^(<br />\s*)?(<b>)?(php )?(warning|notice|deprecated|fatal error|parse error|strict standards)(</b>)?:`).MatchString(lower)
}

func noise(text []byte) error {
	return &lake.Error{
		Code: lake.SourceNoise, Message: fmt.Sprintf("something stands before the JSON: %q", excerpt(text)),
		Hint: "set WP_DEBUG_DISPLAY to false in wp-config.php and mend what PHP complains about",
	}
}

// html names the kinds of pages that servers send instead of data.
func html(lower string) error {
	title := ""
	if m := regexp.MustCompile(`(?s)<title[^>]*>(.*?)</title>`).FindStringSubmatch(lower); m != nil {
		title = strings.TrimSpace(m[1])
	}
	kind, hint := "an HTML page", "open the endpoint in a browser without being logged in: it must show JSON"
	switch {
	case strings.Contains(lower, "wp-login.php") || strings.Contains(lower, "loginform") || strings.Contains(title, "log in"):
		kind, hint = "a login page", "the endpoint needs credentials, or a plugin protects it: give source.endpoints.user and password, or open it"
	case strings.Contains(lower, "cf-chl") || strings.Contains(lower, "captcha") || strings.Contains(lower, "challenge") ||
		strings.Contains(title, "just a moment") || strings.Contains(title, "attention required") || strings.Contains(title, "access denied"):
		kind, hint = "a firewall's challenge page", "let the firewall allow this machine's address or the User-Agent wplake on that path"
	case strings.Contains(lower, "maintenance"):
		kind, hint = "a maintenance page", "try again when the maintenance is over"
	}
	message := "the answer is " + kind + ", not JSON"
	if title != "" {
		message += fmt.Sprintf(" (title %q)", excerpt([]byte(title)))
	}
	return &lake.Error{Code: lake.SourceHTML, Message: message, Hint: hint}
}

// excerpt cuts text to what fits into a message.
func excerpt(text []byte) string {
	const most = 80
	if len(text) > most {
		text = append(bytes.ToValidUTF8(text[:most], nil), "…"...)
	}
	return string(text)
}
