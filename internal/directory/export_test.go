package directory

// SetSearched sets how many users a page of a list examines, until restore.
func (s *Service) SetSearched(n int) (restore func()) {
	was := s.listSizes
	s.listSizes.searched = n
	return func() { s.listSizes = was }
}

// SetBatches sets how many users of a list are read at once, until restore.
func (s *Service) SetBatches(first, later int) (restore func()) {
	was := s.listSizes
	s.listSizes.firstBatch, s.listSizes.laterBatches = first, later
	return func() { s.listSizes = was }
}
