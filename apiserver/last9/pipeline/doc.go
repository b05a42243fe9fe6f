// Package pipeline reads Last9's JSON pipelines and runs what of them the
// store does not: it turns the leading filters into one query.Expr, and the
// stages behind them into functions over a stream of rows.
//
// A row is a span. What parse and transform find is added to its span
// attributes, so that a later stage names it as it names any attribute. After
// select, aggregate and window_aggregate a row is a line of a table: its span
// attributes are the columns, in order, and later stages see nothing else.
//
// A Pipeline is immutable and may be run by several goroutines, each with a
// Run of its own.
package pipeline
