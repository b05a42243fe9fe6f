package sideseat

import "net/http"

func (a *Adapter) feedSpans(w http.ResponseWriter, r *request) error    { return nil }
func (a *Adapter) feedMessages(w http.ResponseWriter, r *request) error { return nil }
func (a *Adapter) stats(w http.ResponseWriter, r *request) error        { return nil }
func (a *Adapter) stream(w http.ResponseWriter, r *request) error       { return nil }
