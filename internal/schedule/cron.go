package schedule

import (
	"strconv"
	"strings"
	"time"
)

// cron is what the six fields allow.
type cron struct {
	minutes, hours, months set
	years                  [4]set // 64 years each, from firstYear
	days                   monthDays
	weekdays               weekDays
	byWeekday              bool // day-of-month is "?"
}

// monthDays is the field day-of-month.
type monthDays struct {
	days        set
	nearest     set // 15W: the weekday nearest to the 15th, in the same month
	last        bool
	lastWeekday bool
}

// weekDays is the field day-of-week. Sunday is 1.
type weekDays struct {
	days set
	last set // 6L: the last Friday of the month
	nth  int // 3#2: the second Tuesday; 0: not so
	day  int // of nth
}

// set is a set of numbers from 0 to 63.
type set uint64

func (s set) has(n int) bool { return s&(1<<n) != 0 }

// from returns the least member that is n or more, or -1.
func (s set) from(n int) int {
	for ; n < 64; n++ {
		if s.has(n) {
			return n
		}
	}
	return -1
}

// field is what a field of cron may hold.
type field struct {
	name      string
	low, high int
	names     string // of the values from low on, three letters each
	wild      string // as people are told
	circular  bool   // a range may go over the end: FRI-MON
}

// fields lists the fields in their order.
func fields() []field {
	return []field{
		{name: "minutes", low: 0, high: 59, wild: ", - * /", circular: true},
		{name: "hours", low: 0, high: 23, wild: ", - * /", circular: true},
		{name: "day-of-month", low: 1, high: 31, wild: ", - * ? / L W", circular: true},
		{name: "month", low: 1, high: 12, names: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", wild: ", - * /", circular: true},
		{name: "day-of-week", low: 1, high: 7, names: "SUNMONTUEWEDTHUFRISAT", wild: ", - * ? L #", circular: true},
		{name: "year", low: firstYear, high: lastYear, wild: ", - * /"},
	}
}

// allowed says what the field may hold.
func (f field) allowed() string {
	text := strconv.Itoa(f.low) + "-" + strconv.Itoa(f.high)
	if f.names != "" {
		text += " or " + f.names[:3] + "-" + f.names[len(f.names)-3:]
	}
	return text + ", and " + f.wild
}

func (f field) wrong(item string) *SyntaxError {
	return wrong(f.name, "%s is not allowed; allowed are %s", strconv.Quote(item), f.allowed())
}

func parseCron(inner string) (cron, *SyntaxError) {
	all, texts := fields(), strings.Fields(inner)
	switch {
	case len(texts) == len(all)-1:
		texts = append(texts, "*") // the user guide lets the year be left out
	case len(texts) != len(all):
		return cron{}, wrong("", "cron takes six fields (minutes hours day-of-month month day-of-week year), not %d", len(texts))
	}
	var c cron
	for i, f := range all {
		if err := c.field(f, texts[i]); err != nil {
			return cron{}, err
		}
	}
	switch month, week := texts[2] == "?", texts[4] == "?"; {
	case month && week:
		return cron{}, wrong("day-of-week", "only one of day-of-month and day-of-week can be ?")
	case !month && !week:
		return cron{}, wrong("day-of-week", "one of day-of-month and day-of-week must be ?, since they cannot both say the day")
	default:
		c.byWeekday = month
	}
	return c, nil
}

// field reads one field.
func (c *cron) field(f field, text string) *SyntaxError {
	if text == "?" {
		if !strings.Contains(f.wild, "?") {
			return f.wrong(text)
		}
		return nil
	}
	items := strings.Split(text, ",")
	for _, item := range items {
		special, err := c.special(f, item)
		if err != nil {
			return err
		}
		if special {
			if strings.Contains(item, "#") && len(items) > 1 {
				return wrong(f.name, "%s: an expression with # stands alone", strconv.Quote(text))
			}
			continue
		}
		if err := f.span(item, c.add(f)); err != nil {
			return err
		}
	}
	return nil
}

// add returns how a value of the field is taken in.
func (c *cron) add(f field) func(int) {
	target := map[string]*set{
		"minutes": &c.minutes, "hours": &c.hours, "day-of-month": &c.days.days,
		"month": &c.months, "day-of-week": &c.weekdays.days,
	}[f.name]
	if target == nil {
		return func(n int) { c.years[(n-firstYear)/64] |= 1 << ((n - firstYear) % 64) }
	}
	return func(n int) { *target |= 1 << n }
}

// special reads an item that depends on the month: L, LW, 15W, 6L, 3#2.
func (c *cron) special(f field, item string) (bool, *SyntaxError) {
	upper := strings.ToUpper(item)
	switch f.name {
	case "day-of-month":
		day, nearest := strings.CutSuffix(upper, "W")
		switch {
		case upper == "L":
			c.days.last = true
		case upper == "LW":
			c.days.lastWeekday = true
		case nearest:
			n, ok := f.value(day)
			if !ok {
				return false, f.wrong(item)
			}
			c.days.nearest |= 1 << n
		default:
			return false, nil
		}
		return true, nil
	case "day-of-week":
		if upper == "L" {
			c.weekdays.days |= 1 << f.high
			return true, nil
		}
		if day, last := strings.CutSuffix(upper, "L"); last {
			n, ok := f.value(day)
			if !ok {
				return false, f.wrong(item)
			}
			c.weekdays.last |= 1 << n
			return true, nil
		}
		day, nth, ok := strings.Cut(upper, "#")
		if !ok {
			return false, nil
		}
		n, known := f.value(day)
		if !known || len(nth) != 1 || nth < "1" || nth > "5" {
			return false, wrong(f.name, "%s is not a day of the week, # and which of the month, 1-5, as in 3#2", strconv.Quote(item))
		}
		c.weekdays.day, c.weekdays.nth = n, int(nth[0]-'0')
		return true, nil
	}
	return false, nil
}

// span reads a value, a range, or *, each with a step or without.
func (f field) span(item string, add func(int)) *SyntaxError {
	text, by, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		if !strings.Contains(f.wild, "/") {
			return f.wrong(item)
		}
		n, ok := digits(by)
		if !ok || n < 1 || n > f.high-f.low+1 {
			return wrong(f.name, "%s: the step after / is from 1 to %d", strconv.Quote(item), f.high-f.low+1)
		}
		step = n
	}
	low, high := f.low, f.high
	if text != "*" {
		first, last, ranged := strings.Cut(text, "-")
		var ok bool
		if low, ok = f.value(first); !ok {
			return f.wrong(item)
		}
		switch {
		case ranged:
			if high, ok = f.value(last); !ok {
				return f.wrong(item)
			}
		case !stepped:
			high = low
		}
	}
	if high < low {
		if !f.circular {
			return wrong(f.name, "%s: the range ends before it begins", strconv.Quote(item))
		}
		high += f.high - f.low + 1
	}
	for n := low; n <= high; n += step {
		add(f.low + (n-f.low)%(f.high-f.low+1))
	}
	return nil
}

// value reads a number of the field, or a name.
func (f field) value(text string) (int, bool) {
	if n, ok := digits(text); ok {
		return n, n >= f.low && n <= f.high
	}
	if len(text) != 3 {
		return 0, false
	}
	for i := 0; i+3 <= len(f.names); i += 3 {
		if strings.EqualFold(text, f.names[i:i+3]) {
			return f.low + i/3, true
		}
	}
	return 0, false
}

// digits reads a number of at most four digits, without a sign.
func digits(text string) (int, bool) {
	if len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// in returns the days of a month that the expression allows.
func (c *cron) in(year, month int) set {
	length := daysIn(year, month)
	first := int(time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC).Weekday()) // Sunday is 0
	weekday := func(day int) int { return (first+day-1)%7 + 1 }
	if c.byWeekday {
		return c.weekdays.in(length, weekday)
	}
	return c.days.in(length, weekday)
}

func (m monthDays) in(length int, weekday func(int) int) set {
	days := m.days & (1<<(length+1) - 1)
	if m.last {
		days |= 1 << length
	}
	if m.lastWeekday {
		days |= 1 << workday(length, length, weekday)
	}
	for day := m.nearest.from(0); day > 0 && day <= length; day = m.nearest.from(day + 1) {
		days |= 1 << workday(day, length, weekday)
	}
	return days
}

func (w weekDays) in(length int, weekday func(int) int) set {
	var days set
	for day := 1; day <= length; day++ {
		d := weekday(day)
		nth := w.nth > 0 && d == w.day && (day-1)/7+1 == w.nth
		if w.days.has(d) || nth || w.last.has(d) && day+7 > length {
			days |= 1 << day
		}
	}
	return days
}

// workday is the day from Monday to Friday that is nearest to a day, within
// its month.
func workday(day, length int, weekday func(int) int) int {
	const sunday, saturday = 1, 7
	switch weekday(day) {
	case saturday:
		if day == 1 {
			return day + 2
		}
		return day - 1
	case sunday:
		if day == length {
			return day - 2
		}
		return day + 1
	}
	return day
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
