//go:build !linux

package main

import (
	"os/exec"
	"time"
)

type cores struct{ text string }

// pin does nothing here: only Linux lets a process choose its core.
func pin() (*cores, error) {
	return &cores{text: "nothing is pinned: this is not Linux, and the numbers tell little"}, nil
}

func (c *cores) start(cmd *exec.Cmd) error { return cmd.Start() }

func (c *cores) clear(int) (leader int, restore func(), err error) { return 0, func() {}, nil }

func (c *cores) occupied() time.Duration { return 0 }

func used(int) time.Duration { return 0 }

func usedByFamily(int) time.Duration { return 0 }

func cpuTime() time.Duration { return 0 }
