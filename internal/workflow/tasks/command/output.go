package command

import "bytes"

// bounded keeps what is written to it up to a bound, and notes that there was
// more. The rest is thrown away, so that the program can end.
type bounded struct {
	kept []byte
	most int
	over bool
}

// Write takes all of p.
func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - len(b.kept)
	b.over = b.over || len(p) > room
	b.kept = append(b.kept, p[:min(len(p), room)]...)
	return len(p), nil
}

// tail keeps the last of what is written to it.
type tail struct {
	kept []byte
	most int
}

// Write takes all of p.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*t.most {
		t.kept = append([]byte(nil), t.kept[len(t.kept)-t.most:]...)
	}
	return len(p), nil
}

// String is the last of what was written, from the beginning of a line where
// something before it was dropped.
func (t *tail) String() string {
	if len(t.kept) <= t.most {
		return string(bytes.ToValidUTF8(t.kept, []byte("?")))
	}
	last := t.kept[len(t.kept)-t.most:]
	if at := bytes.IndexByte(last, '\n'); at >= 0 {
		last = last[at+1:]
	}
	return string(bytes.ToValidUTF8(last, []byte("?")))
}
