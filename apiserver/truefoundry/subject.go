package truefoundry

import (
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// subjectKey is the span attribute with the subject that made the request: an
// object, or a string that holds one in JSON, with the members of Subject.
const subjectKey = "tfy.request.created_by_subject"

// subjectTypes are the schema's words, the first for a span without any.
var subjectTypes = []string{"serviceaccount", "user", "team", "virtualaccount", "external-identity", "agent-identity", "role"}

// sameSubject are the two words for one thing: the page says that a
// serviceaccount is also known as virtual account.
var sameSubject = map[string]string{"serviceaccount": "virtualaccount", "virtualaccount": "serviceaccount"}

// subjectTypeOf is the schema's word for a text in any case.
func subjectTypeOf(text string) (word string, ok bool) {
	i := slices.IndexFunc(subjectTypes, func(w string) bool { return strings.EqualFold(w, text) })
	if i < 0 {
		return subjectTypes[0], false
	}
	return subjectTypes[i], true
}

// withSynonyms adds the other word for each type that has one.
func withSynonyms(types []string) []string {
	var all []string
	for _, t := range types {
		all = append(all, t)
		if other, ok := sameSubject[strings.ToLower(t)]; ok {
			all = append(all, other)
		}
	}
	return all
}

func subjectOf(s *span.Span) subject {
	v, _ := span.Lookup(s.Attributes, subjectKey)
	entries, _ := v.Object()
	text := func(key string) string {
		m, _ := span.KVList(entries...).Member(key)
		return m.Text()
	}
	word, _ := subjectTypeOf(text("subjectType"))
	return subject{
		SubjectID:                   text("subjectId"),
		SubjectType:                 word,
		SubjectSlug:                 text("subjectSlug"),
		SubjectDisplayName:          text("subjectDisplayName"),
		SubjectPatName:              text("subjectPatName"),
		SubjectControllerName:       text("subjectControllerName"),
		SubjectExternalIdentitySlug: text("subjectExternalIdentitySlug"),
		TenantName:                  text("tenantName"),
	}
}

// subjectMember compares a member of the subject.
func subjectMember(key string, fold bool) compare {
	return func(op query.Op, v operand, _ bool) query.Expr {
		return must(query.Compare{Field: query.Attr(query.ScopeSpan, subjectKey), Op: op, View: query.Text,
			Values: v.strings(), Fold: fold, Member: key})
	}
}

// subjectType compares the type in any case, and equal to either of two synonyms.
func subjectType(op query.Op, v operand, each bool) query.Expr {
	if op == query.OpEq {
		v.texts = withSynonyms(v.texts)
	}
	return subjectMember("subjectType", true)(op, v, each)
}
