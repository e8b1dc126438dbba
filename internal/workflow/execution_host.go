package workflow

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	mathrand "math/rand/v2"
	"strings"
	"time"
)

// host answers the language from a record: its time, and chance from its seed.
// So whoever repeats the record gets the same answers.
type host struct {
	record *record
	arn    string
	chance *mathrand.ChaCha8
}

// Now is the record's time.
func (h *host) Now() time.Time { return h.record.at }

// source draws a seed when chance is needed first.
func (h *host) source() *mathrand.ChaCha8 {
	if h.chance == nil {
		if !h.record.seeded {
			// It does not fail: the program would end.
			_, _ = rand.Read(h.record.seed[:])
			h.record.seeded = true
		}
		var seed [32]byte
		copy(seed[:], h.record.seed[:])
		h.chance = mathrand.NewChaCha8(seed)
	}
	return h.chance
}

func (h *host) bytes() (b [16]byte) {
	_, _ = h.source().Read(b[:]) // it never fails
	return b
}

// UUID is a random identifier, version 4.
func (h *host) UUID() string { return formatUUID(h.bytes()) }

func formatUUID(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Random is a number in [0,1).
func (h *host) Random() float64 { return float64(h.source().Uint64()>>11) / (1 << 53) }

// TaskToken names the execution and the effect, so that a token of a task that
// is over can be told from one that never was, and ends in what nobody guesses.
func (h *host) TaskToken(effect string) string {
	b := h.bytes()
	return base64.StdEncoding.EncodeToString([]byte(tokenMark + h.arn + "\x00" + effect + "\x00" + string(b[:])))
}

const tokenMark = "\x01wpl"

// parseToken takes a token apart.
func parseToken(token string) (arn, effect string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return "", "", false
	}
	rest, marked := strings.CutPrefix(string(raw), tokenMark)
	parts := strings.SplitN(rest, "\x00", 3)
	if !marked || len(parts) != 3 || len(parts[2]) != 16 {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// newUUID is a random identifier that nobody has to repeat.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail: the program would end
	return formatUUID(b)
}
