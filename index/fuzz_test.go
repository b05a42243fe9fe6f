package index

import "testing"

func FuzzPostings(f *testing.F) {
	f.Add(BuildPostings(goldenCodes(), 70))
	f.Add(BuildPostings([]uint32{0, 2, 1, 0}, 3))
	f.Add(BuildMultiPostings([]uint32{0, 0, 5}, []uint32{1, 2, 1}, 6, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := exercise(b); !onlyCorrupt(err) {
			t.Fatal(err)
		}
	})
}

func FuzzIDs(f *testing.F) {
	f.Add(BuildIDs(goldenIDs()), goldenIDs()[3][:])
	f.Add(BuildIDs(sequentialIDs(1)), make([]byte, 16))
	f.Fuzz(func(t *testing.T, b, id []byte) {
		if len(id) < 16 {
			return
		}
		if err := exerciseIDs(b, [][16]byte{[16]byte(id)}); !onlyCorrupt(err) {
			t.Fatal(err)
		}
	})
}

func FuzzHistogram(f *testing.F) {
	f.Add(BuildHistogram(goldenRows()))
	f.Add(BuildHistogram(extremes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := exerciseHistogram(b); !onlyCorrupt(err) {
			t.Fatal(err)
		}
	})
}
