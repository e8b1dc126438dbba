package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"wplake/internal/workflow"
)

// constraint is what Step Functions asks of a member of a request before it
// looks at anything else.
type constraint struct {
	name     string
	required bool
	number   bool
	// least and most bound the length of a text (in bytes where inBytes), the
	// value of a number, or the length of a list; most 0 means no bound.
	least, most int64
	inBytes     bool
	enum        []string
	matches     func(string) bool
	pattern     string
	// item names the type of a list's members; then they have members
	// themselves.
	item    string
	members []constraint
	// fields are those of a structure.
	fields []constraint
}

func (c constraint) must() constraint {
	c.required = true
	return c
}

func text(name string, least, most int64) constraint {
	return constraint{name: name, least: least, most: most}
}

// payload is a text that is limited in bytes.
func payload(name string) constraint {
	return constraint{name: name, most: 262144, inBytes: true}
}

func number(name string, least, most int64) constraint {
	return constraint{name: name, number: true, least: least, most: most}
}

func enum(name string, values ...string) constraint { return constraint{name: name, enum: values} }

func arn(name string) constraint { return text(name, 1, 256).must() }

// check returns what does not hold, as Step Functions words it.
func check(constraints []constraint, path string, members map[string]json.RawMessage) []string {
	var faults []string
	for _, c := range constraints {
		faults = append(faults, c.check(path+c.name, members[c.name])...)
	}
	return faults
}

func (c *constraint) check(path string, raw json.RawMessage) []string {
	if raw == nil || string(raw) == "null" {
		if c.required {
			return []string{fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", path)}
		}
		return nil
	}
	switch {
	case c.number:
		return c.checkNumber(path, string(raw))
	case c.item != "":
		return c.checkList(path, raw)
	case c.fields != nil:
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return nil // the types were checked before
		}
		return check(c.fields, path+".", members)
	}
	var value string
	if json.Unmarshal(raw, &value) != nil {
		return nil
	}
	length := int64(len(value))
	if !c.inBytes {
		length = int64(utf8.RuneCountInString(value))
	}
	var must string
	switch {
	case c.enum != nil && !slices.Contains(c.enum, value):
		must = "satisfy enum value set: [" + strings.Join(c.enum, ", ") + "]"
	case length < c.least:
		must = fmt.Sprintf("have length greater than or equal to %d", c.least)
	case c.most > 0 && length > c.most:
		must = fmt.Sprintf("have length less than or equal to %d", c.most)
	case c.matches != nil && !c.matches(value):
		must = "satisfy regular expression pattern: " + c.pattern
	default:
		return nil
	}
	return []string{broken(path, value, must)}
}

func (c *constraint) checkNumber(path, value string) []string {
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil:
		return nil
	case n < float64(c.least):
		return []string{broken(path, value, fmt.Sprintf("have value greater than or equal to %d", c.least))}
	case c.most > 0 && n > float64(c.most):
		return []string{broken(path, value, fmt.Sprintf("have value less than or equal to %d", c.most))}
	}
	return nil
}

func (c *constraint) checkList(path string, raw json.RawMessage) []string {
	var list []map[string]json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var faults []string
	n := int64(len(list))
	if n < c.least {
		faults = append(faults, broken(path, c.show(list), fmt.Sprintf("have length greater than or equal to %d", c.least)))
	}
	if c.most > 0 && n > c.most {
		faults = append(faults, broken(path, c.show(list), fmt.Sprintf("have length less than or equal to %d", c.most)))
	}
	for i, members := range list {
		faults = append(faults, check(c.members, fmt.Sprintf("%s.%d.member.", path, i+1), members)...)
	}
	return faults
}

// show writes a list as Step Functions does in its messages.
func (c *constraint) show(list []map[string]json.RawMessage) string {
	items := make([]string, len(list))
	for i, members := range list {
		parts := make([]string, len(c.members))
		for k, m := range c.members {
			parts[k] = m.name + "=" + strings.Trim(string(members[m.name]), `"`)
		}
		items[i] = c.item + "(" + strings.Join(parts, ", ") + ")"
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// shown is how many characters of a value a message repeats.
const shown = 4096

func broken(path, value, must string) string {
	if utf8.RuneCountInString(value) > shown {
		value = string([]rune(value)[:shown]) + "..."
	}
	return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, path, must)
}

// decode reads a request into v and checks the constraints.
func decode(body []byte, v any, constraints []constraint) error {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	var members map[string]json.RawMessage
	err := json.Unmarshal(body, &members)
	if err == nil && members == nil {
		err = errors.New("the request is not a JSON object")
	}
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return refuse(http.StatusBadRequest, "SerializationException", "The member '%s' cannot be a %s", e.Field, e.Value)
		}
		return refuse(http.StatusBadRequest, "SerializationException", "The request is not a JSON object")
	}
	faults := check(constraints, "", members)
	switch len(faults) {
	case 0:
		return nil
	case 1:
		return workflow.Errorf(workflow.ValidationException, "1 validation error detected: %s", faults[0])
	}
	return workflow.Errorf(workflow.ValidationException, "%d validation errors detected: %s", len(faults), strings.Join(faults, "; "))
}
