package engine

import (
	"regexp"
	"strconv"
	"strings"
)

// Decimal is the exact text of a decimal number of up to 38 digits: digits
// with at most one point among them, and perhaps a minus sign before them.
type Decimal string

var (
	wholeNumber   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	decimalNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

// ParseParam gives the value of a query's parameter that a person typed: a
// whole number is an int64, another number in plain digits a Decimal, true and
// false a bool, NULL nil (both in any case), and everything else the text
// itself: also "007", "1e3" and dates, for nothing may be lost on the way.
func ParseParam(text string) any {
	switch strings.ToLower(text) {
	case "null":
		return nil
	case "true":
		return true
	case "false":
		return false
	}
	if text == "-0" {
		return text
	}
	if wholeNumber.MatchString(text) {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	if decimalNumber.MatchString(text) && len(text)-strings.Count(text, "-")-strings.Count(text, ".") <= 38 {
		return Decimal(text)
	}
	return text
}
