package pipeline

import (
	"slices"
	"testing"
)

func TestChooseRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		candidates [][]int64
		n          int
		total      int64
		want       []int64
	}{
		{nil, 3, 10, []int64{1, 2, 3}},
		{nil, 3, 2, []int64{1, 2}},
		{nil, 3, 0, nil},
		{[][]int64{{5, 6, 7, 8}}, 3, 10, []int64{5, 6, 7}},
		{[][]int64{{1, 2, 3, 4}, {900}, nil}, 3, 1000, []int64{1, 2, 900}}, // a rare change shows
		{[][]int64{{4}, {4}}, 3, 10, []int64{1, 2, 4}},                     // filled up with the first rows
	} {
		if got := chooseRows(c.candidates, c.n, c.total); !slices.Equal(got, c.want) {
			t.Errorf("%v, %d of %d: got %v, want %v", c.candidates, c.n, c.total, got, c.want)
		}
	}
}
