package teststate

import (
	"context"
	"io"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
)

// pageItems is how many items are read at a time.
const pageItems = 10_000

// readItems reads the data of an ItemReader as its ReaderConfig says.
func readItems(ctx context.Context, data string, config any) ([]any, error) {
	out := []any{}
	e := asl.Effect{Kind: asl.ReadEffect, Config: config, Limit: pageItems}
	for {
		page, err := readPage(ctx, data, e)
		if err != nil {
			return nil, err
		}
		for _, i := range page.Items {
			out = append(out, i.Value)
		}
		if page.Next == "" {
			return out, nil
		}
		e.Cursor = page.Next
	}
}

// readPage reads a page of the data. What is no text in its source (Parquet, a
// manifest's files, a listing) is given as a list in JSON.
func readPage(ctx context.Context, data string, e asl.Effect) (page asl.Page, err error) {
	config, _ := e.Config.(map[string]any)
	of := map[string]any{"InputType": "JSON"}
	_, manifest := config["ManifestType"]
	switch config["InputType"] {
	case "JSON", "JSONL", "CSV":
		if !manifest {
			of = without(config, "Transformation")
		}
	}
	e.Resource, _ = asl.ParseResource("arn:aws:states:::s3:getObject")
	e.Arguments, e.Config = map[string]any{"Bucket": "given", "Key": "given"}, of
	text := func(context.Context, string, string, string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(data)), nil
	}
	r, err := items.Open(ctx, items.Ports{Open: text}, e)
	if err != nil {
		return page, err
	}
	defer func() { _ = r.Close() }()
	if e.Limit <= 0 {
		e.Limit = pageItems
	}
	return r.Page(e.Limit)
}
