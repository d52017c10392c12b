//go:build !linux

package store

import "time"

func setUserTimeout(uintptr, time.Duration) {}
