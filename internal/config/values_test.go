package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
)

func TestByteSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.ByteSize{
		"0": 0, "0B": 0, "1": 1, "512MB": 512e6, "512 mb": 512e6, " 2GB ": 2e9, "64KB": 64000, "1TB": 1e12, "5TiB": 5 << 40,
		"256MiB": 256 << 20, "1GiB": 1 << 30, "1.5GB": 15e8, "0.5KiB": 512, "9223372036854775807": 1<<63 - 1,
	} {
		got, err := config.ParseByteSize(text)
		if err != nil || got != want {
			t.Errorf("ParseByteSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "MB", "12XB", "12M", "-1MB", "+1MB", "1e3MB", "0x10", "1_000", "NaN", "infMB", "9223372036854775808", "10000000TB", "1.2.3MB", "1MB2",
	} {
		if got, err := config.ParseByteSize(text); err == nil {
			t.Errorf("ParseByteSize(%q) = %d; want an error", text, got)
		}
	}
	for size, want := range map[config.ByteSize]string{0: "0B", 1: "1B", 512e6: "512MB", 1 << 30: "1GiB", 3 << 29: "1536MiB", 1500: "1500B", 2e9: "2GB"} {
		if got := size.String(); got != want {
			t.Errorf("%d is %q, want %q", int64(size), got, want)
		}
	}
}

func FuzzByteSize(f *testing.F) {
	for _, s := range []string{"512MB", "1.5GiB", "0", "x", "9223372036854775807B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		size, err := config.ParseByteSize(text)
		if err != nil {
			return
		}
		if size < 0 {
			t.Errorf("%q is negative: %d", text, size)
		}
		if again, err := config.ParseByteSize(size.String()); err != nil || again != size {
			t.Errorf("%q is %d, its text %q is %d, %v", text, size, size, again, err)
		}
	})
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"30s": 30 * time.Second, "15m": 15 * time.Minute, "1h30m": 90 * time.Minute, "0s": 0, "250ms": 250 * time.Millisecond, "2h": 2 * time.Hour} {
		got, err := config.ParseDuration(text)
		if err != nil || time.Duration(got) != want {
			t.Errorf("ParseDuration(%q) = %v, %v", text, got, err)
		}
		if got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
	}
	for _, text := range []string{"", "30", "1d", "s", "1 s x"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v; want an error", text, got)
		}
	}
}

func TestRefTellsNoSecret(t *testing.T) {
	t.Parallel()
	for ref, want := range map[config.Ref]string{
		"":                            "",
		"${TOKEN}":                    "${TOKEN}",
		"${A}${B}":                    "${A}${B}",
		"param:/smtp/password":        "param:/smtp/password",
		"file:secret.txt":             "file:secret.txt",
		"hunter2":                     "***",
		"Bearer ${TOKEN}":             "***${TOKEN}",
		"smtp://me:${P}@host/?to=you": "***${P}***",
		"$${hunter2}":                 "***",
		"slack://hook:hunter2@x":      "***",
		"https://example.org/wp-json/mo/v1/posts_endpoint/": "https://example.org/wp-json/mo/v1/posts_endpoint/",
		"https://me:hunter2@example.org/x":                  "https://***@example.org/x",
		"https://example.org/x?token=hunter2#hunter2":       "https://example.org/x?***",
		"https://":         "***",
		"mailto:hunter2@x": "***",
	} {
		if got := ref.String(); got != want {
			t.Errorf("%q is shown as %q, want %q", string(ref), got, want)
		}
	}
}

// However a definition is printed, no literal secret is in it.
func TestConfigTellsNoSecret(t *testing.T) {
	t.Parallel()
	c, f := parse(t, `
source:
  endpoints:
    urls: ["https://me:S3CRET@example.org/x_y/?k=S3CRET"]
    user: S3CRET
    password: S3CRET
    headers: {Authorization: "Bearer S3CRET", X-Site: "https://example.org/S3CRET"}
alerts:
  channels: {a: "smtp://u:S3CRET@h", b: "generic+https://h/S3CRET?${X}"}
  topics: {data-lakehouse-raw: [a, b]}
objects:
  users:
    steps:
      - mask: {columns: [user_email], method: hash, salt: S3CRET}
`)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "password", c.Source.Endpoints.Password, "urls", c.Source.Endpoints.URLs)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "password", c.Source.Endpoints.Password, "alerts", c.Alerts)
	settings, err := json.Marshal(config.Settings(c, f))
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := json.Marshal(c.Alerts)
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"log": log.String(), "settings": string(settings), "effective": config.Effective(c, f), "json": string(alerts),
		"%v": fmt.Sprintf("%v %v", c.Source, c.Alerts), "%+v": fmt.Sprintf("%+v %+v", c.Source, c.Alerts), "%#v": fmt.Sprintf("%#v %#v", c.Source, c.Alerts),
		"%q": fmt.Sprintf("%q", c.Source.Endpoints.Headers["Authorization"]), "%x": fmt.Sprintf("%x", c.Source.Endpoints.Password),
	}
	for form, text := range forms {
		// A header that is a web address is a secret only where headers are known as such.
		if form != "settings" && form != "effective" {
			text = strings.ReplaceAll(text, "https://example.org/S3CRET", "")
		}
		if strings.Contains(text, "S3CRET") || strings.Contains(text, "533343524554") {
			t.Errorf("%s shows a secret:\n%s", form, text)
		}
	}
	if got := string(c.Source.Endpoints.Password); got != "S3CRET" {
		t.Errorf("the text of the file is lost: %q", got)
	}
}

// A problem near a secret, or with one, does not quote it.
func TestProblemsTellNoSecret(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"beside it":             "source: {endpoints: {user: u, password: S3CRET, parallel: x}}",
		"a misspelt key":        "source:\n  endpoints:\n    passwrod: S3CRET\n",
		"a misspelt section":    "source:\n  endpoint:\n    password: S3CRET\n",
		"in the wrong place":    "password: 'S3CRET'\n",
		"a channel's":           "alerts: {channels: {a: \"https://h/S3CRET\"}}",
		"a channel's scheme":    "alerts: {channels: {a: S3CRET}}",
		"an unknown service":    "alerts: {channel: {a: 'slack://hook:S3CRET@x'}}",
		"a header of two lines": "source:\n  endpoints:\n    headers:\n      A: \"x\\nS3CRET\"\n",
		"a block":               "source:\n  endpoints:\n    headers:\n      A: |\n        x\n        S3CRET\n      host: y\n",
		"not YAML":              "source:\n  endpoints:\n    password: S3CRET: [\n",
		"in a URL":              "source: {endpoints: {urls: ['ftp://me:S3CRET@h/']}}",
		"an open reference":     "source: {endpoints: {user: u, password: 'S3CRET${X'}}",
		"a list":                "source: {endpoints: {password: [S3CRET]}}",
		"twice":                 "source:\n  endpoints:\n    password: a\n    password: S3CRET\n",
		"no user":               "source: {endpoints: {password: S3CRET}}",
		"a salt":                "objects: {a: {steps: [{mask: {columns: [x], method: redact, salt: S3CRET}}]}}",
		"a token header":        "source: {endpoint: {headers: {X-Token: S3CRET}}}",
	} {
		_, _, err := config.Parse("wplake.yaml", "/lake", []byte(text))
		if !lake.HasCode(err, lake.ConfigInvalid) {
			t.Errorf("%s: Parse: %v; want the code ConfigInvalid", name, err)
			continue
		}
		if strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("%s: the error shows the secret:\n%v", name, err)
		}
	}
}
