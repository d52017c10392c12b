//go:build !linux

package forms

// adviseHugePages does nothing: other systems decide by themselves.
func adviseHugePages([]byte) {}
