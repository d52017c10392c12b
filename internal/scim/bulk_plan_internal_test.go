package scim

import (
	"fmt"
	"testing"
)

// The operations all refer to many others, in circles as long as can be. The plan sorts the
// references of each of them once, so it allocates in proportion to the operations.
func TestPlanOfManyCirclesLooksAtEachReferenceOnce(t *testing.T) {
	const n = 200
	refs, creates := make([]map[string]bool, n), make(map[string]int)
	name := func(i int) string { return fmt.Sprintf("%03d", i) }
	for i := range refs {
		creates[name(i)] = i
		refs[i] = make(map[string]bool)
		for j := range n {
			if j > i || i == n-1 { // the next one comes first
				refs[i][name(j)] = true
			}
		}
	}
	checkPlan(t, refs, creates, planBulk(refs, creates))
	if allocations := testing.AllocsPerRun(1, func() { planBulk(refs, creates) }); allocations > 100*n {
		t.Errorf("%v allocations for %d operations", allocations, n)
	}
}

// checkPlan checks that a plan carries out all operations, each after those that it refers
// to or without the references.
func checkPlan(t *testing.T, refs []map[string]bool, creates map[string]int, plan []bulkStep) {
	t.Helper()
	done, whole := make(map[int]bool), make(map[int]bool)
	for _, step := range plan {
		if step.completes != done[step.operation] || whole[step.operation] {
			t.Fatalf("operation %d: completes is %t, done %t, whole %t", step.operation, step.completes, done[step.operation], whole[step.operation])
		}
		for ref := range refs[step.operation] {
			if !done[creates[ref]] != step.without[ref] {
				t.Fatalf("operation %d refers to %s, which is done: %t, left out: %t", step.operation, ref, done[creates[ref]], step.without[ref])
			}
		}
		done[step.operation] = true
		whole[step.operation] = len(step.without) == 0
	}
	for i := range refs {
		if !whole[i] {
			t.Fatalf("operation %d is not carried out whole", i)
		}
	}
}
