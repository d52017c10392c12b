package directory_test

import "os"

// wholeRun reports whether the property tests take all of their steps. CI runs them so;
// elsewhere a part is enough, because each run draws another one.
func wholeRun() bool { return os.Getenv("ROSTER_TEST_WHOLE") == "1" }
