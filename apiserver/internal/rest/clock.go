package rest

import (
	"math"
	"time"
)

// UnixNano is a time as the store counts it. A time before 1970 is 0 and one
// past the year 2262 the last nanosecond that fits, so that a range that
// begins or ends there holds what it should.
func UnixNano(t time.Time) uint64 {
	switch s := t.Unix(); {
	case s < 0:
		return 0
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return uint64(t.UnixNano())
}

// Time is the inverse of UnixNano, in UTC.
func Time(unixNano uint64) time.Time {
	return time.Unix(int64(unixNano/uint64(time.Second)), int64(unixNano%uint64(time.Second))).UTC()
}
