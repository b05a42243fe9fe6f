package truefoundry

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// cursor is what a page token says: the spans on one side of a span, in a time
// range whose end is that of the first page.
type cursor struct {
	back bool
	to   uint64 // query.Range.To
	at   query.Position
}

// A token is, in base64: version, direction, end of the range, start time,
// trace id and span id of the span it was made for, digest of the question,
// and the first 16 bytes of the HMAC-SHA-256 of all that.
const (
	tokenVersion = 1
	digestSize   = 16
	signedSize   = 2 + 8 + 8 + 16 + 8 + digestSize
	macSize      = 16
)

// digest tells questions apart.
type digest [digestSize]byte

// digestOf is that of all that decides which spans a question lists and in
// which order: neither the limit nor feedbacks, which may change between pages.
func digestOf(req queryRequest) digest {
	req.PageToken, req.Limit, req.IncludeFeedbacks = nil, nil, nil
	b, err := json.Marshal(&req)
	if err != nil {
		panic(err) // it was read from JSON
	}
	sum := sha256.Sum256(b)
	return digest(sum[:])
}

func (a *Adapter) token(c *cursor, d digest) string {
	b := make([]byte, 0, signedSize+macSize)
	b = append(b, tokenVersion, 0)
	if c.back {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, c.to)
	b = binary.BigEndian.AppendUint64(b, c.at.Start)
	b = append(b, c.at.TraceID[:]...)
	b = append(b, c.at.SpanID[:]...)
	b = append(b, d[:]...)
	return base64.StdEncoding.EncodeToString(append(b, a.sign(b)...))
}

func (a *Adapter) sign(b []byte) []byte {
	mac := hmac.New(sha256.New, a.key[:])
	mac.Write(b)
	return mac.Sum(nil)[:macSize]
}

// readToken reads the request's page token, nil when it has none. One that
// token did not write, or not for this question, is refused.
func (a *Adapter) readToken(req *queryRequest, d digest) (*cursor, error) {
	if req.PageToken == nil || *req.PageToken == "" {
		return nil, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(*req.PageToken)
	if err != nil || len(b) != signedSize+macSize || base64.StdEncoding.EncodeToString(b) != *req.PageToken {
		return nil, badToken("it is not a token of this server")
	}
	b, mac := b[:signedSize], b[signedSize:]
	if !hmac.Equal(mac, a.sign(b)) || b[0] != tokenVersion {
		return nil, badToken("it is not a token of this server")
	}
	if digest(b[signedSize-digestSize:]) != d {
		return nil, badToken("it was given for another query; send that query again, with nothing else changed")
	}
	c := &cursor{back: b[1] == 1, to: binary.BigEndian.Uint64(b[2:]), at: query.Position{Start: binary.BigEndian.Uint64(b[10:])}}
	copy(c.at.TraceID[:], b[18:])
	copy(c.at.SpanID[:], b[34:])
	return c, nil
}

func badToken(why string) error {
	return &rest.Error{Status: http.StatusBadRequest, Code: "INVALID_PAGE_TOKEN", Field: "pageToken", Message: "pageToken: " + why}
}
