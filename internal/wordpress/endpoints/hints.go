package endpoints

import (
	"net/http"
	"strings"
)

// hint names the likely cause of a status, and what to do.
func hint(status int, resp *http.Response, body string, a answer) string {
	if h := codeHint(a.code, sent(resp.Request)); h != "" {
		return h
	}
	if h := productHint(resp.Header, body); h != "" {
		return h
	}
	switch status {
	case http.StatusUnauthorized:
		if sent(resp.Request) {
			return unhelpfulCredentialsHint()
		}
		return "the endpoint asks for credentials: set source.endpoints.user and source.endpoints.password (an application password of WordPress)"
	case http.StatusForbidden:
		return "a security plugin or the server's rules block the endpoint: allow its path for this machine's address or for the User-Agent wplake"
	case http.StatusNotFound, http.StatusGone:
		return "is the plugin that serves the endpoint active, and is the URL right? With plain permalinks it is https://…/index.php?rest_route=/…"
	case http.StatusTooManyRequests:
		return "the server limits how often it may be asked: lower source.endpoints.parallel, or run at another time"
	case http.StatusServiceUnavailable:
		return "the site is overloaded or in maintenance: run again later (a file .maintenance left in WordPress's folder after a failed update does it for good)"
	case http.StatusInternalServerError:
		return "PHP failed at the endpoint, often for want of memory: look into the server's error log"
	}
	if status >= 500 {
		return "the web server gets no answer from PHP in time: look into its error log"
	}
	return "open the endpoint in a browser: it must show a JSON array"
}

// codeHint explains the codes of errors that WordPress and plugins answer with.
func codeHint(code string, credentials bool) string {
	switch code {
	case "rest_no_route":
		return "no active plugin serves this path: is the plugin active, and is the path right?"
	case "rest_cannot_access", "rest_disabled", "rest_api_disabled", "rest_login_required", "rest_not_allowed":
		return "a plugin switches the REST API off for visitors: let it allow this path, or give source.endpoints.user and password"
	case "incorrect_password", "invalid_username", "invalid_email", "invalid_application_password", "application_passwords_disabled":
		return "the user or the application password is wrong, or application passwords are switched off (they need HTTPS)"
	case "rest_not_logged_in", "rest_forbidden", "rest_forbidden_context":
		if credentials {
			return unhelpfulCredentialsHint()
		}
		return "the endpoint asks for credentials: set source.endpoints.user and source.endpoints.password (an application password of WordPress)"
	}
	return ""
}

// unhelpfulCredentialsHint explains credentials that were sent and did not help.
func unhelpfulCredentialsHint() string {
	return "the user or the password is wrong (WordPress then takes wplake for a visitor), the user lacks the permission, " +
		"or the server drops the Authorization header before PHP sees it (with Apache set CGIPassAuth On)"
}

// productHint recognises the firewalls and plugins that answer in the place of
// WordPress.
func productHint(h http.Header, body string) string {
	lower := strings.ToLower(body)
	has := func(marks ...string) bool {
		for _, m := range marks {
			if strings.Contains(lower, m) {
				return true
			}
		}
		return false
	}
	var product string
	switch {
	case h.Get("Cf-Mitigated") != "" || has("cf-chl", "challenge-platform", "cf-error-details", "attention required! | cloudflare"):
		product = "Cloudflare"
	case h.Get("X-Sucuri-Id") != "" && h.Get("X-Sucuri-Block") != "" || has("sucuri website firewall"):
		product = "the firewall of Sucuri"
	case has("wordfence"):
		product = "the plugin Wordfence"
	case has("imunify360"):
		product = "the server's firewall Imunify360"
	case has("mod_security", "modsecurity", "not acceptable!"):
		product = "the web server's firewall ModSecurity"
	case has("incapsula", "imperva"):
		product = "the firewall of Imperva"
	case has("sgcaptcha"):
		product = "SiteGround's protection against bots"
	case has("ithemes security", "solid security"):
		product = "the plugin Solid Security"
	case has("all in one wp security", "all-in-one security"):
		product = "the plugin All-In-One Security"
	default:
		return ""
	}
	return product + " blocks the request: allow the endpoint's path there for this machine's address or for the User-Agent wplake"
}
