package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cores are the two that the servers and the load generator keep to.
type cores struct {
	server, load unix.CPUSet
	text         string
}

// pin chooses a core for the load generator, which is this process, and keeps it
// there; the servers get another one if there is one.
func pin() (*cores, error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return nil, fmt.Errorf("read which cores there are: %w", err)
	}
	var usable []int
	for cpu := 0; len(usable) < allowed.Count(); cpu++ {
		if allowed.IsSet(cpu) {
			usable = append(usable, cpu)
		}
	}
	server, load := usable[0], usable[len(usable)-1]
	c := &cores{text: fmt.Sprintf("server pinned to core %d, load generator to core %d", server, load)}
	if server == load {
		c.text = fmt.Sprintf("server and load generator share core %d: the numbers tell little", server)
	}
	c.server.Set(server)
	c.load.Set(load)
	runtime.GOMAXPROCS(1)
	return c, pinThreads(&c.load)
}

// pinThreads pins every thread there is; those to come take after them.
func pinThreads(to *unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, to); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("pin to a core: %w", err)
		}
	}
	return nil
}

// start starts a server on its core: a process takes after the thread that
// makes it.
func (c *cores) start(cmd *exec.Cmd) error {
	if c == nil {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, &c.server); err != nil {
		return fmt.Errorf("pin to a core: %w", err)
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &c.load))
}

// tick is the unit that the kernel counts processor time in (proc(5), USER_HZ).
const tick = time.Second / 100

// occupied is how long the two cores have been at work since the machine was
// started, or were taken away by what the machine runs on.
func (c *cores) occupied() time.Duration {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	var all time.Duration
	for line := range strings.Lines(string(b)) {
		var cpu int
		var user, nice, system, idle, iowait, irq, softirq, steal time.Duration
		_, err := fmt.Sscanf(line, "cpu%d %d %d %d %d %d %d %d %d", &cpu, &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal)
		if err == nil && (c.server.IsSet(cpu) || c.load.IsSet(cpu)) {
			all += (user + nice + system + irq + softirq + steal) * tick
		}
	}
	return all
}

// used is the processor time of another process.
func used(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in brackets, may hold anything; what is wanted comes 11 fields on.
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
