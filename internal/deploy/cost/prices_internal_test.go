package cost

import (
	"reflect"
	"testing"
	"time"
)

func TestThePriceFileIsWhole(t *testing.T) {
	t.Parallel()
	l := list()
	if _, err := time.Parse(time.DateOnly, l.Date); err != nil || len(l.Sources) == 0 || l.About == "" {
		t.Errorf("the file has no date or source: %+v", l)
	}
	if len(l.Regions) < 6 {
		t.Errorf("%d regions", len(l.Regions))
	}
	for _, r := range l.Regions {
		if _, err := time.Parse(time.DateOnly, r.Noted); err != nil {
			t.Errorf("%s: %v", r.Region, err)
		}
		v := reflect.ValueOf(r.Prices)
		for i := range v.NumField() {
			if v.Field(i).Float() <= 0 {
				t.Errorf("%s has no price for %s", r.Region, v.Type().Field(i).Name)
			}
		}
	}
	v := reflect.ValueOf(l.Free)
	for i := range v.NumField() {
		if v.Field(i).Float() <= 0 {
			t.Errorf("nothing is free of %s", v.Type().Field(i).Name)
		}
	}
}

func TestEveryServiceHasASource(t *testing.T) {
	t.Parallel()
	l := list()
	known := map[string]bool{}
	for _, s := range l.Sources {
		if s.Source == "" || known[s.Service] {
			t.Errorf("%q has no source, or two", s.Service)
		}
		known[s.Service] = true
	}
	for _, service := range []string{"S3", "Lambda", "Glue", "Step Functions", "EventBridge", "CloudWatch", "SNS", "Athena", "Systems Manager", "KMS"} {
		if !known[service] {
			t.Errorf("nobody knows where the prices of %s come from", service)
		}
	}
	used := l.sourcesOf([]Line{{Service: "Step Functions"}, {Service: "S3"}})
	unchecked, checked := Estimate{Sources: used}.Unchecked()
	if len(unchecked) != 1 || unchecked[0] != "S3" || len(checked) != 1 || checked[0] != "Step Functions" {
		t.Errorf("unchecked %v, checked %v", unchecked, checked)
	}
}
