package endpoints

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"wplake/internal/lake"
)

// checkCredentials returns the credentials without the line ends that files
// add, or an error about a header that HTTP does not allow.
func checkCredentials(c Credentials) (Credentials, error) {
	clean := Credentials{User: strings.Trim(c.User, "\r\n"), Password: strings.Trim(c.Password, "\r\n"), Headers: map[string]string{}}
	for name, value := range c.Headers {
		value = strings.TrimSpace(value)
		if !isToken(name) || strings.ContainsFunc(value, isControl) {
			return Credentials{}, &lake.Error{
				Code:    lake.ConfigInvalid,
				Message: "the header " + printableText(name, 60) + " has a name or a value that HTTP does not allow",
				Hint:    "mend source.endpoints.headers: no line breaks or control characters",
			}
		}
		clean.Headers[name] = value
	}
	return clean, nil
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func isControl(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f }

// authorize adds the credentials to a request to an endpoint's own host: the
// user and password of the URL, else those of the options, then the headers.
func (c Credentials) authorize(req *http.Request, endpoint *url.URL) {
	switch {
	case c.User != "" || c.Password != "":
		req.SetBasicAuth(c.User, c.Password)
	case endpoint.User != nil:
		password, _ := endpoint.User.Password()
		req.SetBasicAuth(endpoint.User.Username(), password)
	}
	for name, value := range c.Headers {
		if strings.EqualFold(name, "Host") {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
}

// sent reports whether a request carries credentials.
func sent(req *http.Request) bool { return req.Header.Get("Authorization") != "" }

// hide replaces secrets in a text that came from the network: a server may
// echo what was sent to it.
func (c Credentials) hide(text string, endpoint *url.URL) string {
	secrets := []string{c.Password}
	basic := func(user, password string) {
		secrets = append(secrets, password, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	basic(c.User, c.Password)
	if endpoint.User != nil {
		password, _ := endpoint.User.Password()
		basic(endpoint.User.Username(), password)
	}
	for _, value := range c.Headers {
		secrets = append(secrets, value)
	}
	for _, values := range endpoint.Query() {
		secrets = append(secrets, values...)
	}
	for _, secret := range secrets {
		if len(secret) < 4 {
			continue // would only make the text unreadable
		}
		text = strings.ReplaceAll(text, secret, "***")
		text = strings.ReplaceAll(text, url.QueryEscape(secret), "***")
		for end := len(secret) - 1; end >= 4; end-- { // cut by an excerpt
			text = strings.ReplaceAll(text, secret[:end]+"…", "***…")
		}
	}
	return text
}

// ownHost reports whether u is where the endpoint's credentials may go: the
// same scheme, host and port, or the same host by https where it was http.
func ownHost(endpoint, u *url.URL) bool {
	if !strings.EqualFold(endpoint.Hostname(), u.Hostname()) {
		return false
	}
	if endpoint.Scheme == u.Scheme {
		return port(endpoint) == port(u)
	}
	return endpoint.Scheme == "http" && u.Scheme == "https" && port(endpoint) == "80" && port(u) == "443"
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
