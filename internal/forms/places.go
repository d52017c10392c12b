package forms

import "iter"

// places finds records by the hash of their key: a table of slots that stand side
// by side, in which to look takes one line of the processor's cache, where Go's map
// takes three, and three times the memory. Several records may have the
// same hash bits; the caller tells them apart.
type places struct {
	slots []uint64 // their number is a power of two
	used  int
}

// A slot has bits of the hash above, the lower ones of which say where the slot
// would stand if it had no neighbours, and the record's place and 1 below: an empty
// slot is 0.
const (
	placeBits = 24
	maxPlace  = 1<<placeBits - 2
	minPlaces = 64
)

func slotOf(hash, place uint64) uint64 { return hash>>placeBits<<placeBits | (place + 1) }

func placeOf(slot uint64) uint64 { return slot&(1<<placeBits-1) - 1 }

func (p *places) mask() uint64 { return uint64(len(p.slots) - 1) } //nolint:gosec // there is one at least

func (p *places) home(slot uint64) uint64 { return slot >> placeBits & p.mask() }

// candidates are the slots that the hash may stand for, with their places.
func (p *places) candidates(hash uint64) iter.Seq2[int, uint64] {
	return func(yield func(slot int, place uint64) bool) {
		if p.used == 0 {
			return
		}
		for i := p.home(hash); p.slots[i] != 0; i = (i + 1) & p.mask() {
			if s := p.slots[i]; (s^hash)>>placeBits == 0 && !yield(int(i), placeOf(s)) { //nolint:gosec // an index
				return
			}
		}
	}
}

// at is the slot of a place.
func (p *places) at(hash, place uint64) (slot int, ok bool) {
	for slot, candidate := range p.candidates(hash) {
		if candidate == place {
			return slot, true
		}
	}
	return 0, false
}

// put adds a place that has no slot yet.
func (p *places) put(hash, place uint64) {
	if p.used*3 >= len(p.slots)*2 {
		p.grow()
	}
	p.insert(slotOf(hash, place))
	p.used++
}

func (p *places) insert(slot uint64) {
	i := p.home(slot)
	for p.slots[i] != 0 {
		i = (i + 1) & p.mask()
	}
	p.slots[i] = slot
}

func (p *places) grow() {
	old := p.slots
	p.slots = make([]uint64, max(minPlaces, 2*len(old)))
	for _, slot := range old {
		if slot != 0 {
			p.insert(slot)
		}
	}
}

// remove empties a slot. Those behind it move up where that brings them nearer to
// their home, so that no empty slot comes to stand between.
func (p *places) remove(slot int) {
	free := uint64(slot) //nolint:gosec // an index
	for i := (free + 1) & p.mask(); p.slots[i] != 0; i = (i + 1) & p.mask() {
		if (i-p.home(p.slots[i]))&p.mask() >= (i-free)&p.mask() {
			p.slots[free], free = p.slots[i], i
		}
	}
	p.slots[free] = 0
	p.used--
}
