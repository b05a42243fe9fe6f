// Package engine is the embedded span store: it takes OTLP in, keeps it in a
// log, a head and segments, and answers the questions of package query.
//
// # Model
//
// A Store holds workspaces that do not see each other. A workspace's newest
// spans are in its head, in memory, and in its log, on disk; when the head is
// large or old enough it is frozen, a new head with a new log takes its place,
// and the frozen one is sealed: written as one segment. Neighbouring segments
// are merged while they are small. Every question is answered from a view: the
// heads and segments of one moment.
//
// # Durability
//
// Append returns when the log holds the request and, with SyncAlways, is
// synced. A segment is written under a temporary name, synced, renamed, and its
// directory synced, before the log that it covers is removed. Recovery repeats
// whatever of that was left undone, and may itself be interrupted anywhere.
//
// # Concurrency
//
// All exported methods are safe for concurrent use. A workspace's mutex guards
// its list of parts and the order of its log; it is held while a request is
// decoded, not while the log is synced, a segment is written or a question is
// answered. Sealing and merging run in one background goroutine a workspace,
// which ends when there is nothing to do.
package engine
