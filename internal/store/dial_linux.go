package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// setUserTimeout makes the kernel close a connection whose peer does not acknowledge data
// in time (man 7 tcp, TCP_USER_TIMEOUT). Otherwise it retries for minutes.
func setUserTimeout(fd uintptr, d time.Duration) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds())) // other kinds of sockets don't have the option
}
