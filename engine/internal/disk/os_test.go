package disk

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestOSRefusesSymlinksOut(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("s"), 0o600))
	root := filepath.Join(dir, "root")
	o, err := OpenOS(root)
	must(t, err)
	defer o.Close()
	if err := os.Symlink("../secret", filepath.Join(root, "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if f, err := o.Open("link"); err == nil {
		f.Close()
		t.Fatal("opened a file outside the root")
	}
}

func TestOpenOSOnAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(name, nil, 0o600))
	if _, err := OpenOS(name); err == nil {
		t.Fatal("opened a file as a directory")
	}
}

// lockDirVar, when set, makes the test binary try the lock of that directory
// and say by its exit status how that went.
const lockDirVar = "DISK_TEST_LOCK_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(lockDirVar); dir != "" {
		os.Exit(tryLock(dir))
	}
	os.Exit(m.Run())
}

func tryLock(dir string) int {
	o, err := OpenOS(dir)
	if err != nil {
		return 1
	}
	if _, err = o.Lock("LOCK"); errors.Is(err, ErrLocked) {
		return 3
	}
	if err != nil {
		return 1
	}
	return 0
}

func TestLockExcludesOtherProcesses(t *testing.T) {
	dir := t.TempDir()
	o, err := OpenOS(dir)
	must(t, err)
	defer o.Close()
	l, err := o.Lock("LOCK")
	must(t, err)
	if got := lockElsewhere(t, dir); got != 3 {
		t.Errorf("while held: exit status %d", got)
	}
	must(t, l.Close())
	if got := lockElsewhere(t, dir); got != 0 {
		t.Errorf("after release: exit status %d", got)
	}
	// The other process ended without releasing it.
	l, err = o.Lock("LOCK")
	must(t, err)
	must(t, l.Close())
}

func lockElsewhere(t *testing.T, dir string) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lockDirVar+"="+dir)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}
