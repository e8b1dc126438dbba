package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Keys are what requests are signed with, after
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type Keys struct{ Access, Secret string }

const (
	algorithm = "AWS4-HMAC-SHA256"
	dateForm  = "20060102T150405Z"
	// skew is how far the clocks of client and server may be apart.
	skew = 5 * time.Minute
)

// signature is an Authorization header, taken apart.
type signature struct {
	access, scope, value string
	headers              []string
}

// verify checks the signature in a request's headers over all of it.
func (k *Keys) verify(r *http.Request, body []byte, now time.Time) error {
	header := r.Header.Get("Authorization")
	if header == "" {
		return refuse(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	sig, ok := parseSignature(header)
	if !ok {
		return incomplete("Authorization header must hold Credential, SignedHeaders and Signature of " + algorithm)
	}
	// What the request means must be under the signature.
	for _, name := range []string{"host", "x-amz-date", "x-amz-target"} {
		if !slices.Contains(sig.headers, name) {
			return incomplete("The header " + name + " must be signed")
		}
	}
	stampText := r.Header.Get("X-Amz-Date")
	date, err := time.Parse(dateForm, stampText)
	if err != nil {
		return incomplete("X-Amz-Date must be as in " + dateForm)
	}
	scope := strings.Split(sig.scope, "/") // date/region/service/aws4_request
	if len(scope) != 4 || scope[0] != stampText[:8] || scope[2] != "states" || scope[3] != "aws4_request" {
		return refuse(http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to the request's date and to the service 'states'")
	}
	if apart := now.Sub(date); apart > skew || apart < -skew {
		return refuse(http.StatusForbidden, "InvalidSignatureException",
			"Signature expired or not yet current: %s is more than %d minutes from %s", stampText, int(skew.Minutes()), now.UTC().Format(dateForm))
	}
	// Both are compared whatever the first says, in constant time.
	access := subtle.ConstantTimeCompare([]byte(sig.access), []byte(k.Access))
	value := subtle.ConstantTimeCompare([]byte(sig.value), []byte(k.sign(r, body, sig, stampText, scope)))
	switch {
	case access != 1:
		return refuse(http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid.")
	case value != 1:
		return refuse(http.StatusForbidden, "InvalidSignatureException",
			"The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.")
	}
	return nil
}

func incomplete(message string) error {
	return refuse(http.StatusBadRequest, "IncompleteSignatureException", "%s", message)
}

func parseSignature(header string) (signature, bool) {
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return signature{}, false
	}
	var s signature
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			s.access, s.scope, _ = strings.Cut(value, "/")
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		}
	}
	return s, s.access != "" && s.scope != "" && s.value != "" && len(s.headers) > 0
}

// sign is the signature that the request should have.
func (k *Keys) sign(r *http.Request, body []byte, sig signature, date string, scope []string) string {
	key := []byte("AWS4" + k.Secret)
	for _, part := range scope {
		key = mac(key, part)
	}
	request := digest([]byte(canonical(r, body, sig.headers)))
	return hex.EncodeToString(mac(key, algorithm+"\n"+date+"\n"+sig.scope+"\n"+request))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// canonical is the request as it is signed. The body's digest is made of the
// body itself, whatever X-Amz-Content-Sha256 says.
func canonical(r *http.Request, body []byte, headers []string) string {
	var b strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	b.WriteString(r.Method + "\n" + path + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range headers {
		b.WriteString(name + ":")
		values := r.Header.Values(name)
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{r.Header.Get("Content-Length")}
			if r.ContentLength >= 0 {
				values = []string{strconv.FormatInt(r.ContentLength, 10)}
			}
		}
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.Join(strings.Fields(v), " "))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + strings.Join(headers, ";") + "\n" + digest(body))
	return b.String()
}

func canonicalQuery(query url.Values) string {
	return strings.ReplaceAll(query.Encode(), "+", "%20")
}
