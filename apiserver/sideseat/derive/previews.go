package derive

import (
	"encoding/json"

	"github.com/spanstead/spanstead/apiserver/sideseat/sideml"
	"github.com/spanstead/spanstead/engine/span"
)

// Previews are the first lines of what went into a span and of what came out.
// They cost more than all the rest, since messages have to be read for them.
func (s *Span) Previews() (input, output *string) { return sideml.Previews(sideml.Extract(s.Raw)) }

// finishReasons says why the model stopped: the attribute's list, else the
// first reason that an answer gives.
func finishReasons(s *span.Span) []string {
	if v, ok := span.Lookup(s.Attributes, "gen_ai.response.finish_reasons"); ok {
		return texts(v)
	}
	for _, b := range []string{attributeReason(s), eventReason(s)} {
		if b != "" {
			return []string{b}
		}
	}
	return nil
}

func attributeReason(s *span.Span) string {
	type answer struct {
		Reason string `json:"finish_reason"`
	}
	if v, ok := span.Lookup(s.Attributes, "gen_ai.output.messages"); ok && len(v.Text()) <= maxJSON {
		var list []answer
		if json.Unmarshal([]byte(v.Text()), &list) == nil {
			for _, a := range list {
				if a.Reason != "" {
					return a.Reason
				}
			}
		}
	}
	if v, ok := span.Lookup(s.Attributes, "gen_ai.completion"); ok && len(v.Text()) <= maxJSON {
		var completion struct {
			Choices []answer `json:"choices"`
		}
		if json.Unmarshal([]byte(v.Text()), &completion) == nil && len(completion.Choices) > 0 {
			return completion.Choices[0].Reason
		}
	}
	return ""
}

func eventReason(s *span.Span) string {
	for i := range s.Events {
		if s.Events[i].Name != "gen_ai.choice" {
			continue
		}
		if v, ok := span.Lookup(s.Events[i].Attributes, "finish_reason"); ok {
			return v.Text()
		}
	}
	return ""
}
