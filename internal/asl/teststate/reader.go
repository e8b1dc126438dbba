package teststate

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"wplake/internal/asl"
)

// readItems reads the data of an ItemReader as its ReaderConfig says.
func readItems(data string, config any) ([]any, error) {
	c, _ := config.(map[string]any)
	kind, _ := c["InputType"].(string)
	var items []any
	var err error
	switch kind {
	case "", "JSON", "MANIFEST":
		items, err = jsonItems(data, str(c["ItemsPointer"]))
	case "JSONL":
		items, err = lineItems(data)
	case "CSV":
		items, err = csvItems(data, c)
	default:
		err = fmt.Errorf("the items of InputType %s cannot be given as text: give them as JSON", kind)
	}
	if err != nil {
		return nil, err
	}
	if most, err := strconv.Atoi(str(c["MaxItems"])); err == nil && most > 0 && most < len(items) {
		items = items[:most]
	}
	return items, nil
}

// jsonItems reads an array, or what a JSON pointer (RFC 6901) leads to.
func jsonItems(data, pointer string) ([]any, error) {
	v, err := asl.Decode([]byte(data))
	if err != nil {
		return nil, err
	}
	for pointer != "" {
		name, rest, more := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(at) {
				return nil, errors.New("the ItemsPointer leads nowhere")
			}
			v = at[i]
		default:
			return nil, errors.New("the ItemsPointer leads nowhere")
		}
		if !more {
			break
		}
		pointer = "/" + rest
	}
	items, ok := v.([]any)
	if !ok {
		return nil, errors.New("Attempting to map over non-iterable node.") //nolint:staticcheck,revive // the words of Step Functions
	}
	return items, nil
}

func lineItems(data string) ([]any, error) {
	items := []any{}
	lines := bufio.NewScanner(strings.NewReader(data))
	lines.Buffer(nil, asl.MaxPayload+1)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		v, err := asl.Decode(lines.Bytes())
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, lines.Err()
}

func csvItems(data string, c map[string]any) ([]any, error) {
	r := csv.NewReader(strings.NewReader(data))
	r.FieldsPerRecord = -1
	switch str(c["CSVDelimiter"]) {
	case "PIPE":
		r.Comma = '|'
	case "SEMICOLON":
		r.Comma = ';'
	case "SPACE":
		r.Comma = ' '
	case "TAB":
		r.Comma = '\t'
	}
	var header []string
	if given, ok := c["CSVHeaders"].([]any); ok {
		for _, h := range given {
			header = append(header, str(h))
		}
	}
	items := []any{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return items, nil
		}
		if err != nil {
			return nil, err
		}
		if header == nil {
			header = row
			continue
		}
		item := make(map[string]any, len(header))
		for i, h := range header {
			item[h] = ""
			if i < len(row) {
				item[h] = row[i]
			}
		}
		items = append(items, item)
	}
}

// itemsAnswer answers a read with the data that the request has.
func itemsAnswer(data string, e asl.Effect) (asl.Answer, error) {
	items, err := readItems(data, e.Config)
	if err != nil {
		name, cause := "States.ItemReaderFailed", err.Error()
		return asl.Answer{Kind: asl.Failure, Error: &name, Cause: &cause}, nil
	}
	page := &asl.Page{Items: make([]asl.Item, len(items))}
	for i, v := range items {
		page.Items[i].Value = v
	}
	return asl.Answer{Kind: asl.Done, Output: items, Page: page}, nil
}
