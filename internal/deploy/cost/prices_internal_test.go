package cost

import (
	"reflect"
	"testing"
	"time"
)

func TestThePriceFileIsWhole(t *testing.T) {
	t.Parallel()
	l := list()
	if _, err := time.Parse(time.DateOnly, l.Date); err != nil || l.Source == "" || l.About == "" {
		t.Errorf("the file has no date or source: %+v", l)
	}
	if len(l.Regions) < 6 {
		t.Errorf("%d regions", len(l.Regions))
	}
	for _, r := range l.Regions {
		if _, err := time.Parse(time.DateOnly, r.Checked); err != nil {
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
