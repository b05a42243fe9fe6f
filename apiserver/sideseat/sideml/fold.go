package sideml

import "slices"

// Fold leaves one block of each role and content: the one that a model said
// rather than one that it was told again, otherwise the first. The order stays.
func Fold[T any](items []T, of func(*T) *Block) []T {
	best := map[string]int{}
	key := func(b *Block) string { return b.Role + "/" + b.Hash }
	for i := range items {
		b := of(&items[i])
		if at, seen := best[key(b)]; !seen || b.output && !of(&items[at]).output {
			best[key(b)] = i
		}
	}
	out := make([]T, 0, len(best))
	for i := range items {
		if best[key(of(&items[i]))] == i {
			out = append(out, items[i])
		}
	}
	return slices.Clip(out)
}
