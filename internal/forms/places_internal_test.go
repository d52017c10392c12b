package forms

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Places are found under the hashes they were put under until they are removed,
// whatever their neighbours are. There are so few hashes that they often collide,
// at the table's end too.
func TestPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p places
		want := make(map[uint64]uint64) // hashes by place
		hash := rapid.Custom(func(t *rapid.T) uint64 {
			return rapid.Uint64Range(0, 3).Draw(t, "far")<<62 | rapid.Uint64Range(0, 1<<7).Draw(t, "near")<<placeBits
		})
		next := uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				h := hash.Draw(t, "hash")
				p.put(h, next)
				want[next] = h
				next++
			},
			"remove": func(t *rapid.T) {
				if len(want) == 0 {
					t.Skip()
				}
				place := rapid.SampledFrom(slices.Sorted(maps.Keys(want))).Draw(t, "place")
				slot, ok := p.at(want[place], place)
				if !ok {
					t.Fatalf("place %d is not found", place)
				}
				p.remove(slot)
				delete(want, place)
			},
			"": func(t *rapid.T) {
				for place, h := range want {
					if _, ok := p.at(h, place); !ok {
						t.Fatalf("place %d is not found", place)
					}
				}
				full := 0
				for _, slot := range p.slots {
					if slot != 0 {
						full++
					}
				}
				if full != len(want) || full != p.used {
					t.Fatalf("%d slots are full and %d said to be, for %d places", full, p.used, len(want))
				}
			},
		})
	})
}

// The greatest place there may be keeps clear of the hash.
func TestGreatestPlace(t *testing.T) {
	var p places
	p.put(0, maxPlace)
	p.put(1<<placeBits, 0)
	if _, ok := p.at(0, maxPlace); !ok {
		t.Error("it is not found")
	}
	if _, ok := p.at(1<<placeBits, 0); !ok {
		t.Error("the one beside it is not found")
	}
}
