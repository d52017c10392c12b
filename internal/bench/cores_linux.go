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
	server, load, allowed unix.CPUSet
	text                  string
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
	c := &cores{allowed: allowed, text: fmt.Sprintf("server pinned to core %d, load generator to core %d", server, load)}
	if server == load {
		c.text = fmt.Sprintf("server and load generator share core %d: the numbers tell little", server)
	}
	c.server.Set(server)
	c.load.Set(load)
	runtime.GOMAXPROCS(1)
	return c, pinThreads(os.Getpid(), &c.load)
}

// pinThreads pins every thread of a process; those to come take after them.
func pinThreads(pid int, to *unix.CPUSet) error {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
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

// clear has PostgreSQL leave the servers' core until restore, if it runs on this
// machine; pid is a process of its that serves a connection, leader the first of all.
func (c *cores) clear(pid int) (leader int, restore func(), err error) {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)) //nolint:gosec // a number
	if err != nil || strings.TrimSpace(string(name)) != "postgres" {
		return 0, func() {}, nil //nolint:nilerr // then it takes nothing of these cores
	}
	if leader = parent(pid); c == nil {
		return leader, func() {}, nil
	}
	all, err := family(leader)
	if err != nil {
		return 0, nil, err
	}
	pinAll := func(to *unix.CPUSet) (err error) {
		for _, pid := range all {
			if e := pinThreads(pid, to); !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		return err
	}
	return leader, func() { _ = pinAll(&c.allowed) }, pinAll(&c.load)
}

// family is a process and those that it has started.
func family(leader int) ([]int, error) {
	all := []int{leader}
	entries, err := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && parent(pid) == leader {
			all = append(all, pid)
		}
	}
	return all, err
}

// parent is who started a process.
func parent(pid int) int {
	if fields := stat(pid); len(fields) > 1 {
		leader, _ := strconv.Atoi(fields[1])
		return leader
	}
	return 0
}

// stat is what the kernel says of a process, from its state on (proc_pid_stat(5)).
func stat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) //nolint:gosec // a number
	if err != nil {
		return nil
	}
	// The name, in brackets, may hold anything.
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.Fields(rest)
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
	fields := stat(pid)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// usedByFamily is what a process and those that it has started have used; 0 for none.
func usedByFamily(leader int) (sum time.Duration) {
	if leader == 0 {
		return 0
	}
	all, err := family(leader)
	if err != nil {
		return 0
	}
	for _, pid := range all {
		sum += used(pid)
	}
	return sum
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
