package forms

import (
	"syscall"
	"unsafe"
)

// adviseHugePages asks for huge pages where b covers them whole (madvise(2),
// MADV_HUGEPAGE). A system that has none says no, and all works as it did.
func adviseHugePages(b []byte) {
	const hugePage = 2 << 20
	begin := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % hugePage //nolint:gosec // only to see where it lies
	if whole := (uintptr(len(b)) - begin) / hugePage * hugePage; whole > 0 && begin < uintptr(len(b)) {
		_ = syscall.Madvise(b[begin:begin+whole], syscall.MADV_HUGEPAGE)
	}
}
