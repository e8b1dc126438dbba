package workflow

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// How a block is laid down.
const (
	plainBlock   = 0
	deflateBlock = 1
	// compressFrom is from how many bytes on compression pays.
	compressFrom = 512
	// maxBlock bounds what a damaged block may unfold to.
	maxBlock = 1 << 30
)

// packer makes blocks of a record and its events, and other bytes small. Its
// methods may be called concurrently.
type packer struct{ writers sync.Pool }

// block joins a record, which may be empty, and the events it produced.
func (p *packer) block(record, events []byte) []byte {
	b := make([]byte, 0, len(record)+len(events)+binary.MaxVarintLen64)
	b = binary.AppendUvarint(b, uint64(len(record)))
	b = append(b, record...)
	b = append(b, events...)
	return p.pack(b)
}

func (p *packer) pack(b []byte) []byte {
	if len(b) < compressFrom {
		return append([]byte{plainBlock}, b...)
	}
	var out bytes.Buffer
	out.Grow(len(b) / 2)
	out.WriteByte(deflateBlock)
	w, _ := p.writers.Get().(*flate.Writer)
	if w == nil {
		w, _ = flate.NewWriter(&out, flate.BestSpeed) // it fails for levels that do not exist
	} else {
		w.Reset(&out)
	}
	_, err := w.Write(b)
	if err == nil {
		err = w.Close()
	}
	p.writers.Put(w)
	if err != nil || out.Len() > len(b) { // a buffer takes everything
		return append([]byte{plainBlock}, b...)
	}
	return out.Bytes()
}

// unpack reads what pack wrote.
func unpack(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errJournal
	}
	switch b[0] {
	case plainBlock:
		return b[1:], nil
	case deflateBlock:
		r := flate.NewReader(bytes.NewReader(b[1:]))
		out, err := io.ReadAll(io.LimitReader(r, maxBlock))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errJournal, err)
		}
		return out, nil
	}
	return nil, errJournal
}

// splitBlock gives the record and the events of a block.
func splitBlock(b []byte) (record, events []byte, err error) {
	if b, err = unpack(b); err != nil {
		return nil, nil, err
	}
	n, used := binary.Uvarint(b)
	if used <= 0 {
		return nil, nil, errJournal
	}
	b = b[used:]
	if n > uint64(len(b)) {
		return nil, nil, errJournal
	}
	return b[:n], b[n:], nil
}
