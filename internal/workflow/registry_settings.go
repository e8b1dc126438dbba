package workflow

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// logging is a loggingConfiguration. At home it is kept and told again: the
// histories of all executions are kept whole anyhow.
type logging struct {
	Level                string         `json:"level"`
	IncludeExecutionData bool           `json:"includeExecutionData"`
	Destinations         *[]destination `json:"destinations,omitempty"`
}

type destination struct {
	Group *struct {
		ARN string `json:"logGroupArn"`
	} `json:"cloudWatchLogsLogGroup,omitempty"`
}

var logGroup = regexp.MustCompile(`^arn:[a-z-]+:logs:[a-z0-9-]+:[^:]+:log-group:[^:*]+:\*$`)

func (r revision) settings() Settings {
	return Settings{Logging: r.Logging, Tracing: r.Tracing, Encryption: r.Encryption}
}

func (s Settings) equal(t Settings) bool {
	return bytes.Equal(s.Logging, t.Logging) && bytes.Equal(s.Tracing, t.Tracing) && bytes.Equal(s.Encryption, t.Encryption)
}

// normal checks settings and writes them in full; those that are not given are
// as in old, or the defaults.
func (s Settings) normal(old Settings) (Settings, error) {
	n := Settings{Logging: old.Logging, Tracing: old.Tracing, Encryption: old.Encryption}
	var err error
	if s.Logging != nil || n.Logging == nil {
		if n.Logging, err = normalLogging(s.Logging); err != nil {
			return n, err
		}
	}
	if s.Tracing != nil || n.Tracing == nil {
		tracing := struct {
			Enabled bool `json:"enabled"`
		}{}
		if err := decodeSetting(s.Tracing, &tracing); err != nil {
			return n, Errorf(InvalidTracing, "Invalid Tracing Configuration: %s", err)
		}
		n.Tracing = encodeSetting(tracing)
	}
	if s.Encryption != nil || n.Encryption == nil {
		encryption := struct {
			Key   string `json:"kmsKeyId,omitempty"`
			Reuse int    `json:"kmsDataKeyReusePeriodSeconds,omitempty"`
			Type  string `json:"type"`
		}{Type: "AWS_OWNED_KEY"}
		if err := decodeSetting(s.Encryption, &encryption); err != nil {
			return n, Errorf(InvalidEncryption, "Invalid Encryption Configuration: %s", err)
		}
		if encryption.Type != "AWS_OWNED_KEY" || encryption.Key != "" {
			return n, Errorf(InvalidEncryption, "Invalid Encryption Configuration: there is no KMS at home; leave it out, or say AWS_OWNED_KEY")
		}
		n.Encryption = encodeSetting(encryption)
	}
	return n, nil
}

func normalLogging(given json.RawMessage) (json.RawMessage, error) {
	l := logging{Level: "OFF"}
	if err := decodeSetting(given, &l); err != nil {
		return nil, Errorf(InvalidLogging, "Invalid Logging Configuration: %s", err)
	}
	var to []destination
	if l.Destinations != nil {
		to = *l.Destinations
	}
	if len(to) > 1 || len(to) == 0 && l.Level != "OFF" || len(to) == 1 && to[0].Group == nil {
		return nil, Errorf(InvalidLogging, "Invalid Logging Configuration: Must specify exactly one Log Destination.")
	}
	if len(to) == 1 && !logGroup.MatchString(to[0].Group.ARN) {
		return nil, Errorf(InvalidLogging, "Invalid Logging Configuration: Log Destination not found.")
	}
	return encodeSetting(l), nil
}

func decodeSetting(given json.RawMessage, v any) error {
	if given == nil {
		return nil
	}
	return json.Unmarshal(given, v)
}

func encodeSetting(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		return nil // plain structures can be written
	}
	return text
}
