package template

import (
	"strings"

	yaml "github.com/goccy/go-yaml"
)

// object is a map with its keys in the given order: key, value, key, value, …
// A value that is nil is left out with its key.
func object(pairs ...any) yaml.MapSlice {
	o := yaml.MapSlice{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			o = append(o, yaml.MapItem{Key: pairs[i], Value: pairs[i+1]})
		}
	}
	return o
}

func list(values ...any) []any { return values }

func ref(id string) yaml.MapSlice { return object("Ref", id) }

func attribute(id, name string) yaml.MapSlice { return object("Fn::GetAtt", list(id, name)) }

// substituted is text in which CloudFormation fills in ${…}.
func substituted(text string) any {
	if !strings.Contains(text, "${") {
		return text
	}
	return object("Fn::Sub", text)
}

// arn is an ARN of this account and region.
func arn(service, resource string) any {
	return substituted("arn:${AWS::Partition}:" + service + ":${AWS::Region}:${AWS::AccountId}:" + resource)
}

// orNil leaves an empty text out of an object.
func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// texts are a list of texts in which CloudFormation fills in ${…}.
func texts(all []string) []any {
	l := make([]any, len(all))
	for i, t := range all {
		l[i] = substituted(t)
	}
	return l
}

// title is a name as part of a logical ID: letters and digits alone.
func title(name string) string {
	var b strings.Builder
	up := true
	for _, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		switch {
		case !letter:
			up = true
			continue
		case up:
			b.WriteString(strings.ToUpper(string(r)))
		default:
			b.WriteRune(r)
		}
		up = false
	}
	return b.String()
}

// commentWidth is where lines of comments are broken.
const commentWidth = 96

// wrap breaks a comment into lines.
func wrap(text string) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > commentWidth {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
