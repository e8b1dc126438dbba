package config

// span is the range of a whole number.
type span struct{ low, high int64 }

// spans gives the ranges of whole numbers by key.
func spans() map[string]span {
	return map[string]span{
		"source.endpoints.parallel":      {1, 64},
		"source.endpoints.retries":       {0, 20},
		"source.endpoints.max_redirects": {0, 20},
		"source.sample.posts":            {0, 10_000_000},
		"source.sample.statistics":       {0, 1_000_000_000},
		"engine.parallel":                {0, 64},
	}
}

// descriptions says of each key what it is, for editors. In a key * stands for
// a name that the owner chooses, and [] for a list's item.
func descriptions() map[string]string {
	return map[string]string{
		"site":    "The site's short name, used in parameter names: /wordpress/<site>/…",
		"dataset": "Prefix in every bucket, and the database in the catalog.",
		"root":    "The folder that holds buckets, catalog and state; relative to this file.",

		"source":                              "Where the data comes from.",
		"source.kind":                         "sample: a site that wplake makes itself; endpoints: one URL a table.",
		"source.endpoints":                    "Settings of the source endpoints.",
		"source.endpoints.urls":               "The endpoints. When empty, the parameter holds them.",
		"source.endpoints.urls[]":             "A web address, ${NAME}, param:/path or file:PATH.",
		"source.endpoints.parameter":          "The parameter with the comma-separated list of endpoints; by default /wordpress/<site>/api/mysqlendpoints.",
		"source.endpoints.user":               "User of HTTP Basic.",
		"source.endpoints.password":           "Password of HTTP Basic: ${NAME}, param:/path or file:PATH.",
		"source.endpoints.headers":            "Headers sent with every request to an endpoint's own host.",
		"source.endpoints.headers.*":          "The header's value; a secret is ${NAME}, param:/path or file:PATH.",
		"source.endpoints.parallel":           "How many endpoints are fetched at once.",
		"source.endpoints.retries":            "Attempts after the first; 0: none.",
		"source.endpoints.max_bytes":          "The most bytes of one object, decompressed.",
		"source.endpoints.max_redirects":      "Redirects that are followed; 0: none.",
		"source.endpoints.connect_timeout":    "Until there is a connection.",
		"source.endpoints.first_byte_timeout": "From then until the answer begins.",
		"source.endpoints.idle_timeout":       "Between two reads of the answer.",
		"source.endpoints.total_timeout":      "Of one object, all attempts together.",
		"source.sample":                       "Settings of the source sample.",
		"source.sample.seed":                  "The same seed gives the same bytes.",
		"source.sample.posts":                 "How many posts.",
		"source.sample.statistics":            "How many rows of statistics_pages.",
		"source.sample.objects":               "Which tables.",
		"source.sample.objects[]":             "A table, such as posts.",

		"buckets":        "The bucket of each layer.",
		"buckets.raw":    "Verbatim JSON.",
		"buckets.bronze": "Typed Parquet.",
		"buckets.silver": "Cleaned and conformed Parquet.",

		"objects":             "Settings by object.",
		"objects.*":           "Settings of one object.",
		"objects.*.key":       "The primary key's columns; known tables have theirs.",
		"objects.*.key[]":     "A column.",
		"objects.*.columns":   "Types by column; they win over known and inferred ones.",
		"objects.*.columns.*": "The column's type.",
		"objects.*.on_delete": "What becomes of rows that vanish at the source: keep, mark (a column deleted_at), drop.",
		"objects.*.drift":     "What a changed schema leads to; by default bronze.drift.",
		"objects.*.max_loss":  "The share of its rows, 0 to 1, that a snapshot may lose; by default bronze.max_loss.",
		"objects.*.steps":     "From bronze to silver, instead of the profile's steps.",
		"objects.*.steps[]":   "One step.",

		"objects.*.steps[].drop":                   "Columns to leave out.",
		"objects.*.steps[].select":                 "Columns to keep, in this order.",
		"objects.*.steps[].rename":                 "Old name: new name.",
		"objects.*.steps[].cast":                   "Column: type. Rows that do not fit go to the rejects table.",
		"objects.*.steps[].split_date":             "Adds <column>_todate, _year, _month and _day.",
		"objects.*.steps[].decode_entities":        "Decodes HTML entities, once.",
		"objects.*.steps[].trim":                   "Takes white space off both ends.",
		"objects.*.steps[].null_if":                "Column: values that mean NULL.",
		"objects.*.steps[].replace":                "Replaces text.",
		"objects.*.steps[].replace.columns":        "Columns to replace in.",
		"objects.*.steps[].replace.find":           "The text, or the regular expression.",
		"objects.*.steps[].replace.with":           "What stands there instead; \\1 to \\9 are the expression's groups.",
		"objects.*.steps[].replace.regex":          "find is a regular expression.",
		"objects.*.steps[].filter":                 "A condition in SQL of the rows to keep.",
		"objects.*.steps[].deduplicate":            "Keeps one row of those that agree.",
		"objects.*.steps[].deduplicate.by":         "Columns in which they agree.",
		"objects.*.steps[].deduplicate.order_by":   "Columns, each with desc or not; the first row is kept.",
		"objects.*.steps[].mask":                   "Hides personal data.",
		"objects.*.steps[].mask.columns":           "Columns to hide.",
		"objects.*.steps[].mask.method":            "hash (equal values stay equal), redact (***), null, email (j***@example.org).",
		"objects.*.steps[].mask.salt":              "For hash: ${NAME}, param:/path or file:PATH.",
		"objects.*.steps[].sql":                    "A SELECT over the table input.",
		"objects.*.steps[].drop[]":                 "A column.",
		"objects.*.steps[].select[]":               "A column.",
		"objects.*.steps[].rename.*":               "The new name.",
		"objects.*.steps[].cast.*":                 "The type.",
		"objects.*.steps[].split_date[]":           "A column.",
		"objects.*.steps[].decode_entities[]":      "A column.",
		"objects.*.steps[].trim[]":                 "A column.",
		"objects.*.steps[].null_if.*":              "Values that mean NULL.",
		"objects.*.steps[].null_if.*[]":            "A value.",
		"objects.*.steps[].replace.columns[]":      "A column.",
		"objects.*.steps[].deduplicate.by[]":       "A column.",
		"objects.*.steps[].deduplicate.order_by[]": "A column, or a column and desc.",
		"objects.*.steps[].mask.columns[]":         "A column.",

		"bronze":          "Defaults of raw to bronze.",
		"bronze.drift":    "What a changed schema leads to: evolve, freeze, reject.",
		"bronze.max_loss": "The share of its rows, 0 to 1, that a snapshot may lose; 1: any.",

		"silver":          "Defaults of bronze to silver.",
		"silver.profile":  "reference: the reference pipeline's columns; full: what people's questions need.",
		"silver.unmapped": "An object without rules: fail (skipped and counted), pass (copied).",

		"engine":              "What the stages may use.",
		"engine.memory_limit": "Memory of the process while it runs the stages; at least 256MB.",
		"engine.parallel":     "Objects at once in bronze and silver; 0: by memory and cores.",

		"alerts":            "Who is told.",
		"alerts.channels":   "Channels by name.",
		"alerts.channels.*": "A service's URL (smtp://, slack://, discord://, telegram://, ntfy://, generic+https://); being a secret it is best ${NAME}, param:/path or file:PATH.",
		"alerts.topics":     "Topic: names of channels. Topics are data-lakehouse-raw, -bronze, -silver and failure-stepfunction.",
		"alerts.topics.*":   "Names of channels.",
		"alerts.topics.*[]": "A channel.",
	}
}
