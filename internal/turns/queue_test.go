package turns

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// drain pops n items, or all for -1, and charges each.
func drain(q *Queue[string, int], n int, cost func(tenant string) time.Duration) (order []string) {
	for ; n != 0; n-- {
		tenant, _, ok := q.Pop(nil)
		if !ok {
			break
		}
		order = append(order, tenant)
		q.Charge(tenant, cost(tenant))
	}
	return order
}

func free(string) time.Duration { return 0 }

func TestQueueServesALateTenantNext(t *testing.T) {
	t.Parallel()
	var q Queue[string, int]
	for i := range 1000 {
		q.Push("a", i)
	}
	drain(&q, 100, func(string) time.Duration { return time.Millisecond })
	q.Push("b", 0)
	if order := drain(&q, 2, free); !slices.Contains(order, "b") {
		t.Errorf("after b came, %v went first", order)
	}
}

func TestQueueAlternatesBetweenTenants(t *testing.T) {
	t.Parallel()
	var q Queue[string, int]
	for i := range 9 {
		q.Push("a", i)
	}
	for i := range 3 {
		q.Push("b", i)
		q.Push("c", i)
	}
	order := drain(&q, 9, free)
	for i := 0; i < len(order); i += 3 {
		round := slices.Sorted(slices.Values(order[i : i+3]))
		if !slices.Equal(round, []string{"a", "b", "c"}) {
			t.Errorf("order %v, want each tenant once in every three", order)
			break
		}
	}
	if q.Len() != 6 {
		t.Errorf("%d wait, want 6", q.Len())
	}
}

func TestQueueIsInOrderWithinATenant(t *testing.T) {
	t.Parallel()
	var q Queue[string, int]
	for i := range 5 {
		q.Push("a", i)
	}
	if !q.Remove("a", 2) || q.Remove("a", 2) || q.Remove("b", 1) {
		t.Error("an item can be removed exactly once")
	}
	var got []int
	for {
		_, i, ok := q.Pop(nil)
		if !ok {
			break
		}
		got = append(got, i)
	}
	if !slices.Equal(got, []int{0, 1, 3, 4}) {
		t.Errorf("popped %v", got)
	}
}

// A tenant whose turns take ten times as long gets a tenth of the turns.
func TestQueueSharesTime(t *testing.T) {
	t.Parallel()
	var q Queue[string, int]
	for i := range 1000 {
		q.Push("slow", i)
		q.Push("fast", i)
	}
	turns := make(map[string]int)
	for _, tenant := range drain(&q, 550, func(tenant string) time.Duration {
		return map[string]time.Duration{"slow": 100 * time.Millisecond, "fast": 10 * time.Millisecond}[tenant]
	}) {
		turns[tenant]++
	}
	if turns["slow"] < 45 || turns["slow"] > 55 {
		t.Errorf("turns %v, want about 50 slow ones", turns)
	}
}

// A tenant that was charged much is reached although new ones keep coming.
func TestQueueDoesNotStarveWhoWasCharged(t *testing.T) {
	t.Parallel()
	var q Queue[string, int]
	q.Push("a", 1)
	q.Push("a", 2)
	q.Pop(nil)
	q.Charge("a", time.Second)
	for i := range 10_000 {
		q.Push(fmt.Sprint("new", i), i)
		q.Push(fmt.Sprint("newer", i), i)
		if slices.Contains(drain(&q, 2, func(string) time.Duration { return time.Millisecond }), "a") {
			return
		}
	}
	t.Error("a never had its turn")
}

// TestQueueIsBounded checks that the usage records of tenants are bounded.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	var q Queue[string, int]
	q.Push("stays", 1)
	q.Push("stays", 2)
	q.Pop(nil)
	q.Charge("stays", time.Hour)
	for i := range 5 * maxIdle {
		q.Push(fmt.Sprint(i), i)
		drain(&q, 1, func(string) time.Duration { return time.Millisecond })
	}
	if len(q.lines) > maxIdle+2 {
		t.Errorf("%d lines are kept", len(q.lines))
	}
}

func TestQueuePassesOverThoseThatMayNot(t *testing.T) {
	t.Parallel()
	var q Queue[string, int]
	q.Push("a", 1)
	q.Push("b", 2)
	notA := func(tenant string) bool { return tenant != "a" }
	if tenant, _, _ := q.Pop(notA); tenant != "b" {
		t.Errorf("%q had its turn, want b", tenant)
	}
	if _, _, ok := q.Pop(notA); ok || q.Len() != 1 {
		t.Errorf("a was taken, or lost: %d wait", q.Len())
	}
	if tenant, _, _ := q.Pop(nil); tenant != "a" {
		t.Errorf("%q had its turn, want a", tenant)
	}
}
