package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"wplake/internal/lake"
)

// maxProblems bounds how many problems one error tells.
const maxProblems = 20

// Position is a place in a definition: line and column (in characters), from 1.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// problem is something wrong at a place.
type problem struct {
	at   Position
	text string
}

// Problem is something wrong with a definition, as a program may read it.
type Problem struct {
	File string `json:"file"`
	Position
	Text string `json:"text"`
}

// ProblemsError is the cause of the error of a wrong definition.
type ProblemsError struct {
	All  []Problem
	text string
}

// Error is the text for a person: each problem with its line.
func (p *ProblemsError) Error() string { return p.text }

// problemError makes one error of all problems, in the order of the file.
func (f *File) problemError(problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.at.Line, b.at.Line), cmp.Compare(a.at.Column, b.at.Column))
	})
	problems = slices.Compact(problems)
	more := 0
	if len(problems) > maxProblems {
		more = len(problems) - maxProblems
		problems = problems[:maxProblems]
	}
	var b strings.Builder
	for i, p := range problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.format(p))
	}
	if more > 0 {
		fmt.Fprintf(&b, "\nand %d more", more)
	}
	all := make([]Problem, len(problems))
	for i, p := range problems {
		all[i] = Problem{File: f.Name, Position: p.at, Text: p.text}
	}
	return &lake.Error{Code: lake.ConfigInvalid, Message: b.String(), Err: &ProblemsError{All: all, text: b.String()}, Hint: "docs/configuration.md has every key; wplake config schema teaches them to an editor"}
}

// format is file:line:column: text, and below it the line with a caret.
func (f *File) format(p problem) string {
	if p.at.Line == 0 {
		return f.Name + ": " + p.text
	}
	head := fmt.Sprintf("%s:%d:%d: %s", f.Name, p.at.Line, p.at.Column, p.text)
	if p.at.Line > len(f.lines) {
		return head
	}
	line, column := f.lines[p.at.Line-1], p.at.Column
	line = f.withoutSecrets(p.at.Line, line)
	const width = 120 // of an excerpt, in characters
	runes := []rune(line)
	if len(runes) > width {
		from := max(0, min(column-1-width/2, len(runes)-width))
		runes, column = runes[from:min(len(runes), from+width)], column-from
	}
	pad := make([]rune, 0, len(runes))
	for i := 0; i < column-1 && i < len(runes); i++ {
		if runes[i] == '\t' {
			pad = append(pad, '\t')
		} else {
			pad = append(pad, ' ')
		}
	}
	return fmt.Sprintf("%s\n%6d | %s\n       | %s^", head, p.at.Line, strings.TrimRight(string(runes), "\r"), string(pad))
}

// Lines that may hold a secret although their keys could not be understood:
// a key that sounds like one, a service's URL, a URL with credentials.
var (
	secretKey  = regexp.MustCompile(`(?i)((?:pass|pwd|secret|token|auth|cookie|salt|credential|api[-_ ]?key)[^:{},]*:\s+)(?:"[^"]*"|'[^']*'|[^\s#][^#]*)`)
	serviceURL = regexp.MustCompile(`(?i)\b((?:smtp|slack|discord|telegram|ntfy|generic|teams|mattermost|matrix|gotify|pushover|rocketchat|zulip|googlechat|signal|bark|opsgenie|pagerduty|lark|wecom|join|ifttt|pushbullet|notifiarr)[a-z+]*://)\S+`)
	userinfo   = regexp.MustCompile(`://[^/\s@]+@`)
)

// withoutSecrets hides in a line whatever may be a secret.
func (f *File) withoutSecrets(number int, line string) string {
	if from, ok := f.secrets[number]; ok {
		if runes := []rune(line); from <= len(runes) {
			line = string(runes[:from-1]) + hidden
		}
	}
	line = secretKey.ReplaceAllString(line, "${1}"+hidden)
	line = serviceURL.ReplaceAllString(line, "${1}"+hidden)
	return userinfo.ReplaceAllString(line, "://"+hidden+"@")
}

// suggest returns ` (did you mean X?)` for the nearest of the known names, or
// "" when none is near.
func suggest(name string, known []string) string {
	best, distance := "", 1+max(2, utf8.RuneCountInString(name)/3)
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours that make b of a.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return len(x) + len(y)
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
