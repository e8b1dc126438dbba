package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxHistory is how many inputs a shell remembers.
const maxHistory = 1000

// history keeps what was typed into the shell in a file that only its owner
// can read: a JSON string a line, the oldest first.
type history struct {
	path  string
	lines []string
}

// openHistory reads the history file where there is one. Lines that it cannot
// read are passed over: they are another program's, or were cut off.
func openHistory(path string) (*history, error) {
	h := &history{path: path}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	total := 0
	for {
		line, err := lines.ReadBytes('\n')
		var text string
		if json.Unmarshal(line, &text) == nil && text != "" {
			h.remember(text)
			total++
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if total > 2*maxHistory {
		return h, h.rewrite()
	}
	return h, nil
}

func (h *history) remember(text string) {
	if n := len(h.lines); n > 0 && h.lines[n-1] == text {
		return
	}
	h.lines = append(h.lines, text)
	if len(h.lines) > maxHistory {
		h.lines = h.lines[len(h.lines)-maxHistory:]
	}
}

// rewrite keeps the file from growing without end.
func (h *history) rewrite() error {
	var b strings.Builder
	for _, line := range h.lines {
		b.Write(encodeLine(line))
	}
	temporary := h.path + ".tmp"
	if err := os.WriteFile(temporary, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, h.path)
}

func encodeLine(text string) []byte {
	return append(appendJSONString(nil, text), '\n')
}

// Write adds an input. It gives the number of inputs, as the line editor wants.
func (h *history) Write(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == text {
		return len(h.lines), nil
	}
	h.remember(text)
	if err := os.MkdirAll(filepath.Dir(h.path), 0o750); err != nil {
		return len(h.lines), err
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.lines), err
	}
	_, err = f.Write(encodeLine(text))
	return len(h.lines), errors.Join(err, f.Close())
}

// GetLine gives the input at a position.
func (h *history) GetLine(pos int) (string, error) {
	if pos < 0 || pos >= len(h.lines) {
		return "", errors.New("there is no such line")
	}
	return h.lines[pos], nil
}

// Len is the number of inputs.
func (h *history) Len() int { return len(h.lines) }

// Dump gives all inputs.
func (h *history) Dump() any { return h.lines }
