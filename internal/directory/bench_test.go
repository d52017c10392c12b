package directory_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
)

// What a durable write costs when many wait for the disk together.
func BenchmarkCreateUserParallel(b *testing.B) {
	w := newWorld(b)
	call := w.byOwner()
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			in := directory.NewUser{Name: "Jane Doe", Email: fmt.Sprintf("jane%d@example.com", n.Add(1)), Role: "user"}
			if _, err := w.CreateUser(b.Context(), call, in); err != nil {
				b.Error(err)
			}
		}
	})
}

// What every request costs before it does anything.
func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b)
	for name, secret := range map[string]string{"api": w.apiToken, "personal": w.owner.secret} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Authenticate(b.Context(), secret, w.org.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGetUserForm(b *testing.B) {
	w := newWorld(b)
	call := w.byOwner()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.GetUserForm(b.Context(), call, w.owner.ID, nameForm); err != nil {
			b.Fatal(err)
		}
	}
}
