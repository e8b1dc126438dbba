package jsonata

import (
	"encoding/json"
	"strings"
)

// strict tells whether a text is one JSON value as $parse takes it: no object
// has a member twice, and a float can hold every number.
func strict(text string) bool {
	if !json.Valid([]byte(text)) {
		return false
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	return strictValue(dec)
}

// strictValue reads one value of a text that is valid.
func strictValue(dec *json.Decoder) bool {
	token, err := dec.Token()
	if err != nil {
		return false
	}
	switch t := token.(type) {
	case json.Number:
		_, err := t.Float64()
		return err == nil
	case json.Delim:
		names := map[string]bool{}
		for dec.More() {
			if t == '{' {
				name, err := dec.Token()
				text, ok := name.(string)
				if err != nil || !ok || names[text] {
					return false
				}
				names[text] = true
			}
			if !strictValue(dec) {
				return false
			}
		}
		_, err := dec.Token() // the bracket that closes it
		return err == nil
	}
	return true
}
