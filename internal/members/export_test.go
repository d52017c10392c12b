package members

// SetSearched sets how many users a page of a list examines, until restore.
func (r *Roll) SetSearched(n int) (restore func()) {
	was := r.sizes
	r.sizes.searched = n
	return func() { r.sizes = was }
}

// SetBatches sets how many users of a list are read at once, until restore.
func (r *Roll) SetBatches(first, later int) (restore func()) {
	was := r.sizes
	r.sizes.firstBatch, r.sizes.laterBatches = first, later
	return func() { r.sizes = was }
}
