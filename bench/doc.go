// Package bench measures span stores side by side: the same spans, the same
// questions, and answers that must be equal before a time counts.
//
// # Model
//
// A Spool holds the workload of package fixtures as OTLP requests in a file,
// so that making spans costs no system anything, and the questions that were
// drawn from those very spans. A Peer opens Systems: the engine, a plain slice,
// or what the nested module bench/peers brings. Run takes each peer through
// the same steps: ingest everything, settle, ask every question cold, then
// warm, then from several clients at once, then while a further day of spans
// is being ingested. Results are written as a table for people and as a file
// for benchstat.
//
// # What the words mean
//
// Cold: the system was closed and opened again, and on Linux the operating
// system was told to drop its cached pages of the system's files; then one
// question is asked. Opening is measured apart. Warm: every question has been
// asked at least once by this process.
//
// A time is from calling Ask until the answer lies in memory as Go values.
// Comparing the answers is not part of it.
//
// # Concurrency
//
// Ask and Ingest of a System are called from several goroutines at once;
// Finish and Close are not.
package bench
