package jsonarray

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"wplake/internal/lake"
)

// headSize is how much of an input is looked at to say what it is.
const headSize = 16 << 10

const spaces = " \t\r\n"

// start reads the opening bracket, or says what came instead.
func (r *Reader) start() error {
	head, err := r.head()
	if err != nil {
		return err
	}
	switch {
	case len(head) == 0:
		return &lake.Error{
			Code: lake.SourceEmpty, Message: "the answer is empty",
			Hint: "an empty table is []: PHP probably stopped (look into the server's error log)",
		}
	case head[0] != '[':
		return r.notArray(head)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return r.fault(err)
	}
	return nil
}

// head returns the beginning of the input, without white space before it, and
// gives it back to be read again. It is empty where nothing but white space came.
func (r *Reader) head() ([]byte, error) {
	block := make([]byte, headSize)
	var head []byte
	for len(head) == 0 && r.in.err == nil {
		r.skipped = r.in.offset
		r.in.allow(r.in.offset + headSize)
		n, err := io.ReadFull(r.in, block)
		if err != nil && !errors.Is(r.in.err, io.EOF) {
			return nil, r.in.err
		}
		head = bytes.TrimLeft(block[:n], spaces)
		r.skipped += int64(n - len(head))
	}
	rest := r.in.in
	if r.in.err != nil {
		rest = bytes.NewReader(nil) // the end was seen: nothing must be read behind it
	}
	*r.in = bounded{in: io.MultiReader(bytes.NewReader(head), rest)}
	r.in.allow(MaxRow)
	return head, nil
}

// notArray says what an input is that does not begin with a bracket. head is
// its beginning.
func (r *Reader) notArray(head []byte) error {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), spaces)
	lower := strings.ToLower(string(text))
	switch {
	case strings.HasPrefix(lower, "<") && (isPHPNotice(lower) || isFragment(lower)):
		return noise(text)
	case strings.HasPrefix(lower, "<"):
		return html(lower)
	case len(text) < len(head):
		return &lake.Error{
			Code: lake.SourceNoise, Message: "a byte order mark stands before the JSON",
			Hint: "a PHP file of the theme or a plugin was saved as \"UTF-8 with BOM\": save it without",
		}
	case text[0] == '{':
		return r.errorObject(text)
	}
	if scalar, err := r.scalar(); scalar != "" || err != nil {
		if err != nil {
			return err
		}
		return &lake.Error{
			Code: lake.SourceNotArray, Message: "the answer is " + scalar + ", not an array of objects",
			Hint: "check the address: a table's endpoint gives one array",
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

// scalar names what the input is when it is one scalar and nothing else; "" when
// it is not. The error is one of reading.
func (r *Reader) scalar() (string, error) {
	kind := r.dec.PeekKind()
	_, err := r.dec.ReadValue()
	if err == nil {
		if _, err = r.dec.ReadToken(); errors.Is(err, io.EOF) {
			return kindName(kind), nil
		}
	}
	if r.in.err != nil && !errors.Is(r.in.err, io.EOF) {
		return "", r.in.err
	}
	return "", nil
}

// errorObject tells an error of WordPress from another object.
func (r *Reader) errorObject(text []byte) error {
	value, err := r.dec.ReadValue()
	if err != nil {
		return r.fault(err)
	}
	var wp struct {
		Code    json.RawMessage `json:"code"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(value, &wp) == nil && len(wp.Code) > 0 && string(wp.Code) != "null" && wp.Message != "" {
		code := strings.Trim(excerpt(wp.Code), `"`)
		return &lake.Error{
			Code: lake.SourceErrorObject, Message: fmt.Sprintf("WordPress answered with an error: %s: %s", code, excerpt([]byte(wp.Message))),
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
	return regexp.MustCompile(`^(<br ?/?>\s*)*(<b>)?(php )?((recoverable )?fatal error|warning|notice|deprecated|parse error|strict standards)(</b>)?:`).MatchString(lower)
}

// isFragment recognises output in HTML that is no page and has an array behind
// it, such as WordPress's own report of a failed database query.
func isFragment(lower string) bool {
	for _, page := range []string{"<!doctype", "<html", "<head", "<body"} {
		if strings.Contains(lower, page) {
			return false
		}
	}
	return strings.Contains(lower, "[{")
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

// excerpt cuts text to what fits into a message. Control characters, which a
// terminal might obey, become spaces.
func excerpt(text []byte) string {
	const most = 80
	end := ""
	if len(text) > most {
		text, end = text[:most], "…"
	}
	plain := bytes.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 {
			return ' '
		}
		return c
	}, bytes.ToValidUTF8(text, nil))
	return string(plain) + end
}
