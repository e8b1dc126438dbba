package cost

import (
	_ "embed" // the prices are a file of their own
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

//go:embed prices.json
var priceFile []byte

// prices are those of one region, in USD a unit.
type prices struct {
	Storage      float64 `json:"s3_storage_gb_month"`
	Write        float64 `json:"s3_write_request"` // PUT, COPY, POST, LIST
	Read         float64 `json:"s3_read_request"`  // GET, HEAD
	ComputeX86   float64 `json:"lambda_gb_second_x86_64"`
	ComputeARM   float64 `json:"lambda_gb_second_arm64"`
	Invocation   float64 `json:"lambda_request"`
	Transition   float64 `json:"states_transition"`
	Schedule     float64 `json:"scheduler_invocation"`
	Publish      float64 `json:"sns_request"`
	Mail         float64 `json:"sns_mail"`
	Parameter    float64 `json:"ssm_advanced_parameter_month"`
	DPUHour      float64 `json:"glue_dpu_hour"`
	Catalog      float64 `json:"glue_catalog_request"`
	Scanned      float64 `json:"athena_tb"`
	LogsIngested float64 `json:"logs_ingested_gb"`
	LogsStored   float64 `json:"logs_stored_gb_month"`
	Metric       float64 `json:"metric_month"`
	Alarm        float64 `json:"alarm_metric_month"`
	Dashboard    float64 `json:"dashboard_month"`
	Key          float64 `json:"kms_request"`
}

// allowances are what an account has free each month, for ever. What new
// accounts have free for a time is not counted.
type allowances struct {
	Compute    float64 `json:"lambda_gb_second"`
	Invocation float64 `json:"lambda_request"`
	Transition float64 `json:"states_transition"`
	Schedule   float64 `json:"scheduler_invocation"`
	Publish    float64 `json:"sns_request"`
	Mail       float64 `json:"sns_mail"`
	Catalog    float64 `json:"glue_catalog_request"`
	Logs       float64 `json:"logs_gb"` // ingested and stored together
	Metric     float64 `json:"metric_month"`
	Alarm      float64 `json:"alarm_metric_month"`
	Dashboard  float64 `json:"dashboard_month"`
	Key        float64 `json:"kms_request"`
}

type regionPrices struct {
	Region string `json:"region"`
	Place  string `json:"place"`
	Noted  string `json:"noted"` // day, 2006-01-02
	Prices prices `json:"prices"`
}

// Source says where the prices of a service come from.
type Source struct {
	Service string `json:"service"`
	Source  string `json:"source"`
	// Unchecked tells prices that nobody has compared with a list of AWS's.
	Unchecked bool `json:"unchecked"`
}

type priceList struct {
	About   string         `json:"about"`
	Sources []Source       `json:"sources"`
	Date    string         `json:"date"` // day, 2006-01-02
	Free    allowances     `json:"free"`
	Regions []regionPrices `json:"regions"`
}

// list reads the file of prices, which is part of the binary.
func list() priceList {
	var l priceList
	if err := json.Unmarshal(priceFile, &l); err != nil {
		panic(fmt.Sprintf("the binary's own price file: %v", err))
	}
	return l
}

// standIn are regions whose prices are taken for those of a part of the world
// that has none in the file.
func standIn() map[string]string {
	return map[string]string{"us": "us-east-1", "ca": "us-east-1", "mx": "us-east-1", "sa": "us-east-1", "eu": "eu-central-1"}
}

// of returns the prices of a region or, where the file has none, of one that is
// near or dear.
func (l priceList) of(region string) regionPrices {
	want := region
	for range 2 {
		for _, r := range l.Regions {
			if r.Region == want {
				return r
			}
		}
		part, _, _ := strings.Cut(region, "-")
		if want = standIn()[part]; want == "" {
			want = "eu-central-1" // the dearest of the file
		}
	}
	return l.Regions[0]
}

// sourcesOf are the sources of the prices that the lines have.
func (l priceList) sourcesOf(lines []Line) []Source {
	var used []Source
	for _, s := range l.Sources {
		if slices.ContainsFunc(lines, func(line Line) bool { return line.Service == s.Service }) {
			used = append(used, s)
		}
	}
	return used
}

// Unchecked are the services of the estimate whose prices nobody has compared
// with a list of AWS's, and those whose prices somebody has.
func (e Estimate) Unchecked() (unchecked, checked []string) {
	for _, s := range e.Sources {
		if s.Unchecked {
			unchecked = append(unchecked, s.Service)
		} else {
			checked = append(checked, s.Service)
		}
	}
	return unchecked, checked
}

// Age is how many days ago the prices were noted.
func (e Estimate) Age(now time.Time) int {
	noted, err := time.Parse(time.DateOnly, e.PricesNoted)
	if err != nil {
		return 0 // the tests hold the file to days
	}
	return int(now.Sub(noted) / (24 * time.Hour))
}
