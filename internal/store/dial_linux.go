package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// setUserTimeout ends a connection whose data nobody acknowledges
// (man 7 tcp, TCP_USER_TIMEOUT). Without it the kernel tries for minutes.
func setUserTimeout(fd uintptr, d time.Duration) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds())) // a socket of another kind has none
}
