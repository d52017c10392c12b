package directory

import (
	"context"
	"time"
)

// Store is the storage of a [Service]. Implementations promise:
//
//   - Write runs fn in a transaction, commits durably before it returns nil, and
//     undoes everything fn did when it returns an error. fn sees what others commit
//     meanwhile, so fn takes a [Lock] first if a rule spans rows. fn may run more
//     than once and must not keep anything from an earlier run. A statement that is
//     refused ends the transaction, whatever fn makes of its error; that something
//     is missing is no refusal.
//   - Read runs fn on one consistent snapshot.
//   - What is missing is an [Error] with [NotFound]; what collides with a unique
//     key is one with [Conflict]; no driver's error type is promised.
//   - A database that can't be reached, or not soon enough, is [Unavailable]; of a
//     commit that was under way then nobody knows whether it took place.
//   - Times keep microseconds and come back in UTC; the zero time comes back zero.
//   - Those who wait take turns by their [TenantOf] the context, and none of them
//     takes all there is. A Write for a tenant has a time limit, [LimitExceeded]; one
//     whose context ends while it waits is not run.
//   - Lists are in byte order of their ids. Nothing else is asked of a Tx inside the
//     loop over one of its sequences.
type Store interface {
	Read(ctx context.Context, fn func(Tx) error) error
	Write(ctx context.Context, fn func(Tx) error) error
	// Observe registers the observer, which is called for every change from then on. It
	// is called once, before the store is used.
	Observe(Observer)
	// InTouch reports whether the observer has been called for every change, of any
	// process, up to at most a second ago.
	InTouch() bool
	// Behind is the time up to which commits of other processes may have gone unreported to
	// the observer.
	Behind() time.Duration
	// CatchUp returns when the observer has been called for everything that any process
	// committed before the call.
	CatchUp(ctx context.Context) error
	// Changed returns a channel that is closed when there may be new entries.
	Changed() <-chan struct{}
	// Lead runs fn while no other process runs one of the same name, and waits for
	// its turn if need be. fn's context ends when that can't be promised any more:
	// another may have begun a moment before.
	Lead(ctx context.Context, name string, fn func(context.Context) error) error
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
	Close() error
}

// Observer is called when data changes, so that caches are invalidated.
type Observer struct {
	// Committed gets the entries of commits: of this process's own before their
	// Write returns, of others' soon after if the store can tell. The same entry
	// may come twice.
	Committed func([]Entry)
	// Changed is called when something changed but the store cannot say what.
	Changed func()
}

// Lock names a thing that transactions change in turns. Each waits until those that locked
// the same thing have ended, and sees their changes.
type Lock string

// LockDeployment is for changes that concern all organizations.
const LockDeployment Lock = "deployment"

// LockOrg is for an organization with all its objects and its log.
func LockOrg(id OrgID) Lock { return Lock("org:" + id) }

// LockAccount is for an account's tokens and the set of its memberships.
func LockAccount(id AccountID) Lock { return Lock("account:" + id) }

// LockWebhook is for a webhook and its queue.
func LockWebhook(org OrgID, id WebhookID) Lock {
	return Lock("webhook:" + string(org) + ":" + string(id))
}

// LockFollower is for the cursor of a follower of the log.
func LockFollower(name string) Lock { return Lock("follower:" + name) }

// LockAddr is for the organizations that a network address has provisioned.
func LockAddr(addr string) Lock { return Lock("addr:" + addr) }

// Tx is the view of the store inside one transaction.
type Tx interface {
	// Lock takes a lock until the transaction ends. A transaction may take several locks
	// in any order: a deadlock restarts one of the transactions.
	Lock(Lock) error

	orgTx
	accountTx
	userTx
	roleTx
	groupTx
	tokenTx
	entryTx
	auditTx
	webhookTx
	followerTx
	sealerTx
	deliveryTx
	limitTx
	mailTx
	signInTx
	issuerTx
	domainTx
	profileTx
	scheduleTx
	temporaryRoleTx
	appTx
}
