package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"wplake/internal/asl/teststate"
	"wplake/internal/workflow"
)

const (
	contentType = "application/x-amz-json-1.0"
	target      = "AWSStepFunctions."
)

// refusal is an error with a status of HTTP.
type refusal struct {
	status        int
	code, message string
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := requestID()
	w.Header().Set("x-amzn-RequestId", id)
	if err := s.admit(r); err != nil {
		s.fail(w, r, id, err)
		return
	}
	if r.URL.Path == "/healthz" {
		s.health(w, r)
		return
	}
	answer, err := s.answer(w, r)
	if err != nil {
		s.fail(w, r, id, err)
		return
	}
	write(w, http.StatusOK, answer)
}

// admit keeps pages in a browser away: they can reach this machine's addresses
// too, by a name that leads to it (DNS rebinding), but not without telling.
func (s *Server) admit(r *http.Request) error {
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		return refuse(http.StatusForbidden, "AccessDeniedException", "Pages in a browser are not answered")
	}
	if s.o.Keys == nil && !s.ownHost(r.Host) {
		return refuse(http.StatusForbidden, "AccessDeniedException", "The host %q is not this machine: use 127.0.0.1 or localhost", r.Host)
	}
	return nil
}

// ownHost tells whether a Host header means this machine.
func (s *Server) ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(strings.Trim(host, "[]")), "sync-"), ".")
	if host == "localhost" || host != "" && strings.EqualFold(host, s.o.Host) {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	value, well := s.o.Health(r.Context())
	body, err := json.Marshal(value)
	status := http.StatusOK
	if err != nil || !well {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked may have gone
}

// answer reads a request, checks it and does what it asks.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, refuse(http.StatusNotFound, "UnknownOperationException", "Step Functions is asked by POST /")
	}
	name, found := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	op, known := s.operations[name]
	if !found || !known {
		return nil, refuse(http.StatusNotFound, "UnknownOperationException", "There is no operation %q", r.Header.Get("X-Amz-Target"))
	}
	// Browsers send no such type to other sites without asking first.
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "application/x-amz-json-1.") {
		return nil, refuse(http.StatusUnsupportedMediaType, "SerializationException", "The Content-Type must be %s", contentType)
	}
	done, err := take(r.Context(), s.working)
	if err != nil {
		return nil, err
	}
	defer func() { done() }()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request has more than %d bytes", maxBody)
		}
		return nil, refuse(http.StatusBadRequest, "SerializationException", "The request could not be read")
	}
	if s.o.Keys != nil {
		if err := s.o.Keys.verify(r, body, s.o.Now()); err != nil {
			return nil, err
		}
	}
	request, err := op.read(body)
	if err != nil {
		return nil, err
	}
	if !op.waits {
		return op.do(r.Context(), s, request)
	}
	done()
	done = func() {}
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return nil, refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	}
	return op.do(r.Context(), s, request)
}

// take waits for a place; done gives it back.
func take(ctx context.Context, places chan struct{}) (done func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fail answers with an error in the form that the SDKs read.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, id string, err error) {
	answer := refusal{status: http.StatusInternalServerError, code: "InternalFailure", message: "The request failed; see the lake's log for " + id}
	if e, ok := errors.AsType[*refusal](err); ok {
		answer = *e
	} else if e, ok := errors.AsType[*workflow.Error](err); ok {
		answer = refusal{status: http.StatusBadRequest, code: string(e.Code), message: e.Message}
	} else if e, ok := errors.AsType[*teststate.Error](err); ok {
		answer = refusal{status: http.StatusBadRequest, code: e.Code, message: e.Message}
	} else if r.Context().Err() != nil {
		answer = refusal{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "The server is being stopped"}
	} else {
		s.o.Log.Error("a request failed", "request", id, "operation", r.Header.Get("X-Amz-Target"), "error", err)
	}
	w.Header().Set("x-amzn-ErrorType", answer.code)
	write(w, answer.status, map[string]string{"__type": answer.code, "message": answer.message})
}

func write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("x-amz-crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked may have gone
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// stamp is a time as AWS JSON has it: seconds since 1970 with milliseconds.
type stamp time.Time

// MarshalJSON writes the number.
func (t stamp) MarshalJSON() ([]byte, error) {
	ms := time.Time(t).UnixMilli()
	return fmt.Appendf(nil, "%d.%03d", ms/1000, ms%1000), nil
}

// reply is an answer; fields that are not there are left out.
type reply map[string]any

// text sets a field unless it is empty.
func (r reply) text(key, value string) {
	if value != "" {
		r[key] = value
	}
}

// maybe sets a field unless it is nil.
func (r reply) maybe(key string, value *string) {
	if value != nil {
		r[key] = *value
	}
}

// time sets a field unless it is the zero time.
func (r reply) time(key string, t time.Time) {
	if !t.IsZero() {
		r[key] = stamp(t)
	}
}
