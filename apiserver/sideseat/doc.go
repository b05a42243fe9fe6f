// Package sideseat answers SideSeat's API from the store: traces, spans,
// sessions and messages of GenAI applications, and their deletion.
//
// The store keeps plain OpenTelemetry spans; what SideSeat shows of them is
// derived when it is asked for (packages derive and sideml) and filtered by
// expressions that the store answers (package filter). An Adapter holds no
// state but its options and is safe for concurrent use.
package sideseat
