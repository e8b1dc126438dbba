package pipeline_test

import (
	"testing"

	"wplake/internal/lake"
)

func TestSmoke(t *testing.T) {
	l := newLake(t)
	l.give("terms", `[{"term_id":"1","name":"R&amp;D","slug":"rd","term_group":"0"},{"term_id":"1.6","name":"x","slug":"x","term_group":"0"}]`)
	l.give("posts", `[]`)
	r := l.run()
	t.Logf("%+v", r)
	t.Log(l.query("SELECT * FROM " + l.table(lake.Silver, "terms")))
	t.Log(l.describe(lake.Silver, "terms"))
	t.Log(l.query("SELECT * FROM read_parquet('" + l.rejectsPath(lake.Bronze, "terms") + "')"))
	r = l.run()
	t.Logf("%+v", r)
}
