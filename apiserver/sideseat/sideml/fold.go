package sideml

import "slices"

// Fold leaves one block of each content: the one that a model said rather than
// one that it was told again, otherwise the first. The order stays.
func Fold[T any](items []T, of func(*T) *Block) []T {
	best := map[string]int{}
	for i := range items {
		b := of(&items[i])
		if at, seen := best[b.Hash]; !seen || b.output && !of(&items[at]).output {
			best[b.Hash] = i
		}
	}
	out := make([]T, 0, len(best))
	for i := range items {
		if best[of(&items[i]).Hash] == i {
			out = append(out, items[i])
		}
	}
	return slices.Clip(out)
}
