// Package rest is what the vendors' adapters share and what has no vendor
// meaning: routes and their router, JSON in and out, request ids and loggers,
// and the HTTP status that an error of the store comes down to.
//
// An adapter is a table of Routes. Its handlers return errors; Handle turns
// them over to the adapter's own function, which writes them in the vendor's
// shape. Nothing here names a vendor, and nothing here keeps state between
// requests.
package rest
