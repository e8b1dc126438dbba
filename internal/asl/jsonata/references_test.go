package jsonata_test

import (
	"strings"
	"testing"

	"wplake/internal/asl/jsonata"
)

func TestReferences(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`phone`:                              `phone`,
		`$.phone`:                            `$`,
		`$$`:                                 `$$`,
		`aaa + bbb`:                          `aaa bbb`,
		`phone[0]`:                           `phone`,
		"`odd name`.x":                       `odd name`,
		`a.b.c[d = e]`:                       `a`,
		`$states.input`:                      `$states/input`,
		`"a" & 'b' & 3`:                      ``,
		`true and false`:                     ``,
		`$states.input.items[phone > 3]`:     `$states/input`,
		`$states.input.items^(price, >rank)`: `$states/input`,
		`$states.input.items{name: total}`:   `$states/input`,
		`$states.input.a.(b + c)`:            `$states/input`,
		`$states.input.a.{"x": b}`:           `$states/input`,
		`{"k": b, "l": $x}`:                  `b $x`,
		`[a, $b, [1..c]]`:                    `a $b c`,
		`$map($states.input.a, function($x){ $x.phone })`:              `$map $states/input`,
		`$map($states.input.a, function($x, $i)<xn:x>{ b })`:           `$map $states/input b`,
		`($t := $states.input.t; $t * f)`:                              `$states/input f`,
		`$states.errorOutput.Cause`:                                    `$states/errorOutput`,
		`$states.input.text ~> $match(/a[b]c/i)`:                       `$states/input $match`,
		`$states.input ~> |order|{"total": price * n}, ["x"]|`:         `$states/input`,
		`$x in ["a"] ? yes : $no`:                                      `$x yes $no`,
		`/* phone */ $states.context.State.Name`:                       `$states/context`,
		`$states.input.items.$string($)`:                               `$states/input $string`,
		`$filter($a, function($v){ $v.n > 1 and $exists($v.m) })[0].b`: `$filter $a $exists`,
	} {
		e, err := jsonata.Compile(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		var got []string
		for _, r := range e.References() {
			if r.Field != "" {
				r.Name += "/" + r.Field
			}
			got = append(got, r.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s:\n got %s\nwant %s", expr, strings.Join(got, " "), want)
		}
	}
}

func FuzzReferences(f *testing.F) {
	for _, seed := range []string{"/* x", `function($a)<`, "`", `|a|b|c|`, `"\`, `$$.$x.[a{b(c)}]`, `a/b/c`} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, expr string) {
		if e, err := jsonata.Compile(expr); err == nil {
			e.References()
		}
	})
}
